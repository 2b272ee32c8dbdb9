import { incidentReference, type IncidentState, nameOf, urgencyOf } from '../../domain/incident/incident.ts';

/** What an operator reads on the workflow's page in the Temporal UI (Markdown). */
export function incidentDetails(
  state: IncidentState,
  occurrences: number,
  /** Why a merge was refused that a signal asked for. */
  refusedMerge: string | null = null,
): string {
  const { lifecycle } = state;
  const pending = lifecycle.pendingActions.map((action) => `| ${action.type} | ${action.at} |`);
  return [
    `### ${titleOf(state)}`,
    '',
    `**${lifecycle.status}** · urgency ${urgencyOf(state)} · ${occurrences} occurrence${occurrences === 1 ? '' : 's'}`,
    '',
    `Assigned to ${lifecycle.assignees.map((assignee) => `${assignee.type} \`${assignee.id}\``).join(', ') || 'nobody'}.`,
    '',
    ...escalationDetails(state),
    ...(refusedMerge === null ? [] : [`⚠️ **A merge was refused.** ${escapeMarkdown(refusedMerge)}`, '']),
    ...(pending.length > 0 ? ['| pending action | due |', '|---|---|', ...pending] : ['No pending actions.']),
    '',
    'Signals: `acknowledge`, `unacknowledge`, `escalate` {level?}, `reassign` {assignees}, `snooze` {duration}, `resolve`, `note` {content}, `change` {name?, urgency?, severity?}, `priority` {priority}, `responder` {member_ids, message}, `responder_reply` {member_id, reply}, `status_update` {message}, `conference_bridge` {number, url}, `pending_action` {type, at}, `merge` {incident_ids}, `action` {type}; each takes an optional `{"by": "your name"}`.',
  ].join('\n');
}

/** The workflow of a private incident knows it by its reference alone. */
function titleOf(state: IncidentState): string {
  const reference = incidentReference(state.number);
  return nameOf(state) === reference ? reference : `${reference}: ${escapeMarkdown(nameOf(state))}`;
}

function escalationDetails({ escalationPolicy, lifecycle }: IncidentState): string[] {
  const { escalation = null } = lifecycle;
  if (!escalationPolicy || !escalation) return [];
  const { level, cycle, exhausted } = escalation;
  const place = `level ${level} of ${escalationPolicy.levels.length}${cycle > 0 ? `, repeat ${cycle}` : ''}`;
  return [
    exhausted
      ? `⚠️ **Nobody answered**: ${escapeMarkdown(escalationPolicy.name)} has nobody left to ask.`
      : `Escalation policy ${escapeMarkdown(escalationPolicy.name)}: ${place}.`,
    '',
  ];
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&').replace(/\s+/g, ' ');
}
