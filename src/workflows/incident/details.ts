import { incidentReference, type IncidentState, nameOf, urgencyOf } from '../../domain/incident/incident.ts';

/** What an operator reads on the workflow's page in the Temporal UI (Markdown). */
export function incidentDetails(state: IncidentState, occurrences: number): string {
  const { lifecycle } = state;
  const pending = lifecycle.pendingActions.map((action) => `| ${action.type} | ${action.at} |`);
  return [
    `### ${incidentReference(state.number)}: ${escapeMarkdown(nameOf(state))}`,
    '',
    `**${lifecycle.status}** · urgency ${urgencyOf(state)} · ${occurrences} occurrence${occurrences === 1 ? '' : 's'}`,
    '',
    `Assigned to ${lifecycle.assignees.map((assignee) => `${assignee.type} \`${assignee.id}\``).join(', ') || 'nobody'}.`,
    '',
    ...(pending.length > 0 ? ['| pending action | due |', '|---|---|', ...pending] : ['No pending actions.']),
    '',
    'Signals: `acknowledge`, `escalate`, `resolve`, `action`; each takes an optional `{"by": "your name"}`.',
  ].join('\n');
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&').replace(/\s+/g, ' ');
}
