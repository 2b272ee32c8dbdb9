import type { ErrorCode } from '../error-code.ts';
import { firstPosition } from '../escalation/policy.ts';
import type { Change } from './change.ts';
import type { Command } from './command.ts';
import { detailsOf } from './details-of.ts';
import { resolved } from './resolved.ts';
import { escalation } from './escalation.ts';
import { askAgain, enterLevel, leavePolicy } from './escalation-step.ts';
import type { IncidentState, Lifecycle } from './incident.ts';
import { movePendingAction } from './move-pending-action.ts';
import { armEnds, armNextUrgency } from './open-incident.ts';
import { arm, disarm } from './pending-action.ts';
import { addResponders, replyAsResponder } from './responders.ts';

/** What a command comes to in this state, or why it is refused. */
export function changeOf(state: IncidentState, command: Command, at: string): Change | ErrorCode {
  const { lifecycle } = state;
  const policy = state.escalationPolicy ?? null;

  switch (command.type) {
    case 'trigger':
      return { type: 'triggered', lifecycle, details: { assignees: lifecycle.assignees } };

    case 'acknowledge': {
      if (lifecycle.status === 'acknowledged') return 'already_acknowledged';
      const timeout = state.acknowledgementTimeout;
      const lifecycleAfter = arm(acknowledged(lifecycle, at), 'unacknowledge', timeout, at);
      return { type: 'acknowledged', lifecycle: lifecycleAfter, details: { acknowledgement_timeout: timeout } };
    }

    case 'snooze':
      return {
        type: 'snoozed',
        lifecycle: arm(acknowledged(lifecycle, at), 'unacknowledge', command.duration, at),
        details: { duration: command.duration },
      };

    case 'unacknowledge':
      if (lifecycle.status !== 'acknowledged') return 'not_acknowledged';
      return {
        type: 'unacknowledged',
        lifecycle: askAgain(lifecycle, policy, at),
        details: command.dueAt === undefined ? {} : { due_at: command.dueAt },
      };

    case 'escalate':
      return escalation(state, command, at);

    case 'reassign':
      return {
        type: 'reassigned',
        lifecycle: leavePolicy(lifecycle, command.assignees),
        details: { assignees: command.assignees },
      };

    case 'delegate': {
      const given = command.policy;
      // A delegation begins anew, its age too (PagerDuty's V1 sample).
      const aging = arm(lifecycle, 'resolve', state.autoResolveTimeout, at);
      return {
        type: 'delegated',
        lifecycle: enterLevel(aging, given, firstPosition, at),
        details: { escalation_policy_id: given.id, escalation_policy_name: given.name },
        policy: given,
      };
    }

    case 'change': {
      const { name, urgency, assignees } = command.changes;
      if (lifecycle.status === 'resolved' && (urgency !== undefined || assignees !== undefined))
        return 'incident_resolved';
      const changed: Lifecycle = {
        ...lifecycle,
        ...(name === undefined ? {} : { name }),
        ...(urgency === undefined ? {} : { urgency }),
        ...(assignees === undefined ? {} : { assignees }),
      };
      return { type: 'updated', lifecycle: changed, details: detailsOf(command.changes) };
    }

    case 'change_urgency':
      return {
        type: 'updated',
        lifecycle: armNextUrgency({ ...lifecycle, urgency: command.urgency }, state, command.dueAt),
        details: { urgency: command.urgency, changed: ['urgency'], due_at: command.dueAt },
      };

    case 'prioritise':
      return { type: 'priority_updated', lifecycle, details: { priority: command.priority } };

    case 'annotate':
      return { type: 'annotated', lifecycle, details: { content: command.content } };

    case 'add_responders':
      return addResponders(lifecycle, command);

    case 'reply':
      return replyAsResponder(lifecycle, command);

    case 'publish_status_update':
      return { type: 'status_update_published', lifecycle, details: { message: command.message } };

    case 'set_conference_bridge':
      return {
        type: 'conference_bridge_updated',
        lifecycle: { ...lifecycle, conferenceBridge: command.bridge },
        details: { conference_bridge: command.bridge },
      };

    case 'move_pending_action':
      return movePendingAction(lifecycle, command);

    case 'merge':
      return { type: 'merged', lifecycle, details: { incident_ids: command.incidentIds } };

    case 'resolve':
      return resolved(lifecycle, command, at);

    case 'reopen': {
      if (lifecycle.status !== 'resolved') return 'not_resolved';
      const open: Lifecycle = {
        ...lifecycle,
        status: 'triggered',
        acknowledgedAt: null,
        resolvedAt: null,
        ...(lifecycle.resolveReason === undefined ? {} : { resolveReason: null }),
      };
      const aging = armNextUrgency(armEnds(open, state, at), state, at);
      return { type: 'reopened', lifecycle: policy ? enterLevel(aging, policy, firstPosition, at) : aging };
    }

    case 'action': {
      const { id, type } = command.action;
      return {
        type: type === 'trigger-alerts' ? 'alerted' : 'action_run',
        lifecycle,
        details: { action_id: id, action_type: type },
      };
    }
  }
}

function acknowledged(lifecycle: Lifecycle, at: string): Lifecycle {
  return { ...disarm(lifecycle, 'escalate'), status: 'acknowledged', acknowledgedAt: lifecycle.acknowledgedAt ?? at };
}
