import type { DialectName } from './subscribers.ts';

/** What happens to an incident or a service, and which events of each dialect tell of it; none: the dialect has no word. */
type Events = Record<DialectName, readonly string[]>;

const io = (...names: string[]) => names.map((name) => `public_incident.incident_${name}_v2`);

/** Their names in each dialect, without what all of them begin or end with. */
function events(
  standard: string,
  v3: string | null,
  older: string | null,
  incidentIo: string[],
  pulseapi: string | null = null,
): Events {
  const named = (name: string | null) => (name === null ? [] : [`incident.${name}`]);
  return {
    standard: [`incident.${standard}`],
    'pagerduty.v3': named(v3),
    'pagerduty.v2': named(older),
    'pagerduty.v1': older === 'annotate' ? [] : named(older),
    'incident.io.v2': io(...incidentIo),
    pulseapi: named(pulseapi),
  };
}

const nothing = {
  standard: [],
  pulseapi: [],
  'pagerduty.v3': [],
  'pagerduty.v2': [],
  'pagerduty.v1': [],
  'incident.io.v2': [],
};
const ofPrivate = (name: string): Events => ({
  ...nothing,
  'incident.io.v2': [`private_incident.incident_${name}_v2`],
});
const ofService = (change: string): Events => ({
  ...nothing,
  standard: [`service.${change}`],
  'pagerduty.v3': [`service.${change}`],
});

export const whatIsTold = {
  triggered: events('triggered', 'triggered', 'trigger', ['created'], 'created'),
  acknowledged: events('acknowledged', 'acknowledged', 'acknowledge', ['status_updated', 'updated']),
  unacknowledged: events('unacknowledged', 'unacknowledged', 'unacknowledge', ['status_updated', 'updated']),
  escalated: events('escalated', 'escalated', 'escalate', ['updated']),
  // It is triggered again.
  'escalated while acknowledged': events('escalated', 'escalated', 'escalate', ['status_updated', 'updated']),
  reassigned: events('reassigned', 'reassigned', 'assign', ['updated']),
  delegated: events('delegated', 'delegated', 'delegate', ['updated']),
  'priority updated': events('priority_updated', 'priority_updated', null, ['updated']),
  annotated: events('annotated', 'annotated', 'annotate', []),
  'status update published': events('status_update_published', 'status_update_published', null, ['updated']),
  'responder added': events('responder_added', 'responder.added', null, ['updated']),
  'responder replied': events('responder_replied', 'responder.replied', null, ['updated']),
  'conference bridge updated': events('conference_bridge_updated', 'conference_bridge.updated', null, ['updated']),
  // A snooze of what nobody had acknowledged acknowledges it.
  'snoozed while triggered': events('snoozed', 'acknowledged', 'acknowledge', ['status_updated', 'updated']),
  renamed: events('updated', null, null, ['updated']),
  'reassigned by an update': events('updated', 'reassigned', 'assign', ['updated']),
  'timer moved': events('pending_action_changed', null, null, []),
  resolved: events('resolved', 'resolved', 'resolve', ['status_updated', 'updated'], 'resolved'),
  reopened: events('reopened', 'reopened', null, ['status_updated', 'updated']),
  'merged another': events('merged', null, null, ['updated']),
  'triggered in private': ofPrivate('created'),
  'resolved in private': ofPrivate('updated'),
  'service created': ofService('created'),
  'service updated': ofService('updated'),
  'service deleted': ofService('deleted'),
} satisfies Record<string, Events>;

export type Happening = keyof typeof whatIsTold;
