import type { EventSource } from '../dialect.ts';

/** What V1 and V2 have messages for; V2 came with one more. */
export const messageEvents = {
  'incident.trigger': { on: ['triggered'] },
  // A snooze acknowledges what nobody has acknowledged; one that only prolongs that has no name here.
  'incident.acknowledge': { on: ['acknowledged', 'snoozed'], ifStatusChanged: true },
  'incident.unacknowledge': { on: ['unacknowledged'] },
  'incident.resolve': { on: ['resolved'] },
  // A change of the incident may name others, too.
  'incident.assign': { on: ['reassigned', 'updated'], ifDetail: { updated: 'assignees' } },
  'incident.escalate': { on: ['escalated'] },
  'incident.delegate': { on: ['delegated'] },
} as const satisfies Readonly<Record<string, EventSource>>;
