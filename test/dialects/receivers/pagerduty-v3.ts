import { z } from 'zod';
import { createEndpoint, milliseconds, pagerdutyVerifier, seconds, text, url, type Endpoint } from './endpoint.ts';
import { agent, alertCreation, reference, requireStatus, statuses, urgencies } from './pagerduty-reference.ts';

const incident = z.strictObject({
  id: text,
  type: z.literal('incident'),
  self: url,
  html_url: url,
  number: z.int().positive(),
  status: statuses,
  // Null in their V2 sample of an incident opened by hand.
  incident_key: text.nullable(),
  created_at: seconds,
  title: text,
  service: reference('service'),
  assignees: z.array(reference('user')),
  escalation_policy: reference('escalation_policy'),
  teams: z.array(reference('team')),
  priority: reference('priority').nullable(),
  urgency: urgencies,
  conference_bridge: z
    .strictObject({ conference_number: z.string().nullable(), conference_url: url.nullable() })
    .nullable(),
  resolve_reason: z
    .strictObject({ type: z.literal('merge_resolve_reason'), incident: reference('incident') })
    .nullable(),
  // PagerDuty has added these two since.
  reopened_at: seconds.nullable().optional(),
  incident_type: z.strictObject({ name: text }).nullable().optional(),
});
const note = z.strictObject({
  incident: reference('incident'),
  id: text,
  content: text,
  trimmed: z.boolean(),
  type: z.literal('incident_note'),
});
const statusUpdate = z.strictObject({
  incident: reference('incident'),
  id: text,
  message: text,
  trimmed: z.boolean(),
  type: z.literal('incident_status_update'),
});
const responder = z.strictObject({
  incident: reference('incident'),
  user: reference('user'),
  escalation_policy: reference('escalation_policy'),
  message: z.string(),
  state: z.enum(['pending', 'accepted', 'declined']),
  type: z.literal('incident_responder'),
});
const service = z.strictObject({
  html_url: url,
  id: text,
  self: url,
  summary: text,
  alert_creation: alertCreation,
  teams: z.array(reference('team')),
  type: z.literal('service'),
});

/** Not in the documentation this is written from, which says that types may be added. */
const bridge = z.looseObject({ incident: reference('incident'), type: z.literal('incident_conference_bridge') });

type Data = z.output<
  typeof incident | typeof note | typeof statusUpdate | typeof responder | typeof service | typeof bridge
>;

const dataOf: Readonly<Record<string, z.ZodType<Data>>> = {
  'incident.acknowledged': incident,
  'incident.annotated': note,
  'incident.delegated': incident,
  'incident.escalated': incident,
  'incident.priority_updated': incident,
  'incident.reassigned': incident,
  'incident.reopened': incident,
  'incident.resolved': incident,
  'incident.responder.added': responder,
  'incident.responder.replied': responder,
  'incident.status_update_published': statusUpdate,
  'incident.triggered': incident,
  'incident.unacknowledged': incident,
  'service.created': service,
  'service.deleted': service,
  'service.updated': service,
};
export const pagerdutyV3Events = Object.keys(dataOf);
const addedSince: typeof dataOf = { 'incident.conference_bridge.updated': bridge };

const envelope = z.strictObject({
  event: z.strictObject({
    id: text,
    event_type: z.string(),
    resource_type: z.enum(['incident', 'service']),
    occurred_at: milliseconds,
    agent: agent.nullable(),
    client: z.strictObject({ name: text }).nullable(),
    data: z.unknown(),
  }),
});

type Incident = z.output<typeof incident>;

export interface PagerdutyV3Receiver extends Endpoint {
  incidents: Map<string, Incident>;
  /** By incident: what was written, and what responders said. */
  notes: Map<string, string[]>;
  statusUpdates: Map<string, string[]>;
  responders: Map<string, Record<string, string>>;
  services: Map<string, z.output<typeof service>>;
}

export function createPagerdutyV3Receiver(subscription: { id: string; secret: string }): PagerdutyV3Receiver {
  const state = {
    incidents: new Map<string, Incident>(),
    notes: new Map<string, string[]>(),
    statusUpdates: new Map<string, string[]>(),
    responders: new Map<string, Record<string, string>>(),
    services: new Map<string, z.output<typeof service>>(),
  };
  const verify = pagerdutyVerifier(subscription.secret, subscription.id);
  const eventIds = new Set<string>();

  const keep = (given: Data, eventType: string): string => {
    switch (given.type) {
      case 'incident':
        requireStatus(eventType, given.status);
        state.incidents.set(given.id, given);
        return given.id;
      case 'incident_note':
        state.notes.set(given.incident.id, [...(state.notes.get(given.incident.id) ?? []), given.content]);
        return given.incident.id;
      case 'incident_status_update': {
        const before = state.statusUpdates.get(given.incident.id) ?? [];
        state.statusUpdates.set(given.incident.id, [...before, given.message]);
        return given.incident.id;
      }
      case 'incident_responder': {
        const before = state.responders.get(given.incident.id) ?? {};
        state.responders.set(given.incident.id, { ...before, [given.user.id]: given.state });
        return given.incident.id;
      }
      case 'incident_conference_bridge':
        return given.incident.id;
      case 'service':
        if (eventType === 'service.deleted') state.services.delete(given.id);
        else state.services.set(given.id, given);
        return given.id;
    }
  };

  const endpoint = createEndpoint({
    verify(request) {
      const client = request.headers['user-agent'];
      if (client !== 'PagerDuty-Webhook/V3.0') throw new Error(`sent by ${client}`);
      return verify(request);
    },
    take(body) {
      const { event } = envelope.parse(body);
      const schema = dataOf[event.event_type] ?? addedSince[event.event_type];
      if (!schema) throw new Error(`unknown event ${event.event_type}`);
      if (!event.event_type.startsWith(`${event.resource_type}.`)) throw new Error(`not of a ${event.resource_type}`);
      if (eventIds.has(event.id)) throw new Error('an event under the id of another delivery');
      const subject = keep(schema.parse(event.data), event.event_type);
      eventIds.add(event.id);
      return { event: event.event_type, subject };
    },
  });
  return { ...endpoint, ...state };
}
