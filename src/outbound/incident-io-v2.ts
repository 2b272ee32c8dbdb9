import type { TransitionType } from '../domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { Dialect } from './dialect.ts';
import { fitting, standardFit, type Bounds } from './fitting.ts';
import { incidentOf } from './incident-io/incident.ts';
import { previousStatusOf, statusOf } from './incident-io/status.ts';
import { membershipOf } from './incident-io/membership.ts';
import { taskContentOf, taskEvents } from './incident-io/task-events.ts';
import { microseconds } from './incident-io/times.ts';
import { ulidOf } from './incident-io/ulid.ts';
import { assertStandsFor } from './stands-for.ts';
import { shorten } from './text.ts';

/** What changes something that the payload shows. Notes, timers and actions do not. */
const updating: readonly TransitionType[] = [
  'acknowledged',
  'unacknowledged',
  'escalated',
  'reassigned',
  'delegated',
  'snoozed',
  'updated',
  'priority_updated',
  'responder_added',
  'responder_replied',
  'status_update_published',
  'conference_bridge_updated',
  'merged',
  'resolved',
  'reopened',
];

const statusUpdated = 'public_incident.incident_status_updated_v2';

/**
 * incident.io's webhooks of incidents (https://docs.incident.io/api-reference, version 2): `{event_type, [event_type]: …}`.
 * A change of the status is told twice, as an update too. Of private incidents the id alone is told, and there is no
 * event for their status.
 */
export const incidentIoV2: Dialect = {
  name: 'incident.io.v2',
  events: {
    'public_incident.incident_created_v2': { on: ['triggered'], visibility: 'public' },
    'public_incident.incident_updated_v2': { on: updating, visibility: 'public' },
    [statusUpdated]: { on: updating, ifStatusChanged: true, visibility: 'public' },
    'private_incident.incident_created_v2': { on: ['triggered'], visibility: 'private' },
    'private_incident.incident_updated_v2': { on: updating, visibility: 'private' },
    'private_incident.membership_granted_v1': { incident: 'membership_granted', visibility: 'private' },
    'private_incident.membership_revoked_v1': { incident: 'membership_revoked', visibility: 'private' },
    ...taskEvents,
  },
  // incident.io has none: its receivers pass over events they do not know.
  ping: 'ping',
  signature: 'standard',
  render(event, snapshot, context) {
    assertStandsFor(incidentIoV2, event, snapshot);
    return fitting((bounds) => {
      if (snapshot.kind === 'ping')
        return inEnvelope(event, {
          message: shorten(snapshot.message, bounds.text),
          created_at: microseconds(snapshot.at),
        });
      if (snapshot.kind === 'membership') return inEnvelope(event, membershipOf(snapshot));
      if (snapshot.kind === 'action' || snapshot.kind === 'follow_up')
        return inEnvelope(event, taskContentOf(event, snapshot, bounds));
      if (snapshot.kind !== undefined) throw new Error(`incident.io has no event for a ${snapshot.kind}`);
      if (event.startsWith('private_incident.')) return inEnvelope(event, { id: ulidOf(snapshot.incident.id) });
      const incident = incidentOf(snapshot, context, bounds);
      return inEnvelope(event, event === statusUpdated ? changeOf(snapshot, incident, bounds) : incident);
    }, standardFit);
  },
};

function inEnvelope(event: string, content: object) {
  return { event_type: event, [event]: content };
}

/** `message` is what people were told with it: with us, how it was resolved. */
function changeOf(snapshot: IncidentSnapshot, incident: object, bounds: Bounds) {
  const { resolution } = snapshot.transition.type === 'resolved' ? snapshot.incident : { resolution: null };
  return {
    incident,
    new_status: statusOf(snapshot, bounds),
    previous_status: previousStatusOf(snapshot, bounds),
    ...(resolution === null ? {} : { message: shorten(resolution, bounds.text) }),
  };
}
