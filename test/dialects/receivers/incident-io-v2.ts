import { z } from 'zod';
import { createEndpoint, microseconds, standardWebhooksVerifier, text, url, type Endpoint } from './endpoint.ts';

const ulid = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
const times = { created_at: microseconds, updated_at: microseconds };
const severity = z.strictObject({ id: ulid, name: text, description: z.string(), rank: z.int(), ...times });
const status = severity.extend({
  category: z.enum(['triage', 'declined', 'merged', 'canceled', 'live', 'learning', 'closed', 'paused']),
});
const named = z.looseObject({ id: ulid, name: text });
/** Exactly one of these. */
const creator = z
  .strictObject({
    user: named.optional(),
    api_key: named.optional(),
    alert: z.looseObject({ id: ulid, title: text }).optional(),
    workflow: named.optional(),
  })
  .refine((given) => Object.keys(given).length === 1, 'must be one of user, api_key, alert and workflow');

const incident = z.looseObject({
  id: ulid,
  name: text,
  reference: z.string().regex(/^INC-\d+$/),
  ...times,
  mode: z.enum(['standard', 'retrospective', 'test', 'tutorial', 'stream']),
  visibility: z.literal('public'),
  creator,
  incident_status: status,
  incident_role_assignments: z.array(z.looseObject({ role: z.looseObject({ id: ulid, name: text }) })),
  custom_field_entries: z.array(z.looseObject({ custom_field: z.looseObject({ id: ulid, name: text }) })),
  slack_team_id: z.string(),
  slack_channel_id: z.string(),
  severity: severity.optional(),
  summary: z.string().optional(),
  permalink: url,
  call_url: url.optional(),
});
const changedStatus = z.strictObject({
  incident,
  new_status: status,
  previous_status: status,
  message: z.string().optional(),
});
/** Of a private incident nothing but its id is told. */
const onlyId = z.strictObject({ id: ulid });

type Incident = z.output<typeof incident>;
type Read = (content: unknown) => { subject: string; incident?: Incident; previous?: string };
const readIncident: Read = (content) => {
  const given = incident.parse(content);
  return { subject: given.id, incident: given };
};
const readStatus: Read = (content) => {
  const { incident: given, new_status, previous_status } = changedStatus.parse(content);
  if (new_status.id !== given.incident_status.id) throw new Error('new_status is not that of the incident');
  return { subject: given.id, incident: given, previous: previous_status.id };
};
const readId: Read = (content) => ({ subject: onlyId.parse(content).id });

const readers: Readonly<Record<string, Read>> = {
  'public_incident.incident_created_v2': readIncident,
  'public_incident.incident_updated_v2': readIncident,
  'public_incident.incident_status_updated_v2': readStatus,
  'private_incident.incident_created_v2': readId,
  'private_incident.incident_updated_v2': readId,
};
export const incidentIoEvents = Object.keys(readers);

export interface IncidentIoReceiver extends Endpoint {
  incidents: Map<string, Incident>;
  /** Ids of the private ones it was told of. */
  privateIncidents: Set<string>;
}

export function createIncidentIoReceiver({ secret }: { secret: string }): IncidentIoReceiver {
  const incidents: IncidentIoReceiver['incidents'] = new Map();
  const privateIncidents: IncidentIoReceiver['privateIncidents'] = new Set();
  const endpoint = createEndpoint({
    verify: standardWebhooksVerifier(secret),
    take(body) {
      const { event_type: event, ...rest } = z.looseObject({ event_type: z.string() }).parse(body);
      const read = readers[event];
      if (!read) throw new Error(`unknown event ${event}`);
      // Flat: what happened under its own name, and nothing else.
      const { [event]: content } = z.strictObject({ [event]: z.unknown() }).parse(rest);
      const { subject, incident: given, previous } = read(content);
      const known = incidents.get(subject);
      if (!given) privateIncidents.add(subject);
      else {
        if (!known && !event.endsWith('incident_created_v2')) throw new Error('was never created');
        if (known && known.updated_at > given.updated_at) throw new Error('an older state after a newer one');
        if (previous !== undefined && previous === given.incident_status.id)
          throw new Error('its status has not changed');
        incidents.set(subject, given);
      }
      return { event, subject };
    },
  });
  return { ...endpoint, incidents, privateIncidents };
}
