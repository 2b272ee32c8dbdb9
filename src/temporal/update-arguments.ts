import type { IncidentCommand } from './incident-workflows.ts';

/** What a command's update takes: from `snooze` on, what the workflow's `detailReaders` read. */
export function argumentsOf(command: IncidentCommand): Record<string, unknown> {
  const { agent } = command;
  switch (command.type) {
    case 'acknowledge':
    case 'unacknowledge':
    case 'reopen':
      return { agent };
    case 'escalate':
      return { agent, level: command.level ?? null };
    case 'resolve':
      return { agent, resolution: command.resolution, rootCause: command.rootCause };
    case 'action':
      return { agent, action: { ...command.action, trigger: 'manual' } };
    case 'change': {
      const { changes, priority = null, actions, status } = command;
      return { agent, changes, priority, actions: actions.map((one) => ({ ...one, trigger: 'manual' })), status };
    }
    case 'snooze':
      return { agent, duration: command.duration };
    case 'reassign':
      return { agent, assignees: command.assignees };
    case 'delegate':
      return { agent, policy: command.policy };
    case 'note':
      return { agent, content: command.content };
    case 'status_update':
      return { agent, message: command.message };
    case 'conference_bridge':
      return { agent, number: command.number, url: command.url };
    case 'priority':
      return { agent, priority: command.priority };
    case 'responder':
      return { agent, member_ids: command.memberIds, message: command.message };
    case 'responder_reply':
      return { agent, member_id: command.memberId, reply: command.reply };
    case 'pending_action':
      return { agent, type: command.pendingAction, at: command.at };
    case 'merge':
      return { agent, incident_ids: command.incidentIds };
    case 'merged':
      return { agent, incident_id: command.into };
  }
}
