import { z } from 'zod';
import { createEndpoint, pagerdutyVerifier, seconds, text, url, type Endpoint } from './endpoint.ts';
import {
  agent,
  alertCreation,
  pendingActionTypes,
  reference,
  requireStatus,
  statuses,
  unlinkedReference,
  urgencies,
} from './pagerduty-reference.ts';

/** Which log entry each event carries. */
const entryTypes: Readonly<Record<string, string>> = {
  'incident.trigger': 'trigger_log_entry',
  'incident.acknowledge': 'acknowledge_log_entry',
  'incident.unacknowledge': 'unacknowledge_log_entry',
  'incident.resolve': 'resolve_log_entry',
  'incident.assign': 'assign_log_entry',
  'incident.escalate': 'escalate_log_entry',
  'incident.delegate': 'delegate_log_entry',
  'incident.annotate': 'annotate_log_entry',
};
export const pagerdutyV2Events = Object.keys(entryTypes);

const teams = z.array(reference('team'));
const user = reference('user');
const service = reference('service');
const policy = reference('escalation_policy');
/** What the samples leave null or empty: anything may stand there, and it has to be there. */
const anything = z.unknown().refine((value) => value !== undefined, 'is missing');

const logEntry = z.strictObject({
  id: text,
  type: z.string(),
  summary: text,
  self: url,
  html_url: url.nullable(),
  // One sample has an offset here.
  created_at: z.iso.datetime({ offset: true, precision: 0 }),
  agent,
  channel: z.looseObject({ type: text }),
  service,
  incident: reference('incident').extend({ summary: z.string().regex(/^\[#\d+\] ./) }),
  teams,
  contexts: z.array(z.unknown()),
  note: z.string().optional(),
  acknowledgement_timeout: z.int().nullable().optional(),
  assignees: z.array(user).optional(),
  event_details: z.record(z.string(), z.unknown()).optional(),
});
const triggerChannel = z.strictObject({
  type: text,
  summary: text,
  subject: text,
  details: z.string(),
  details_omitted: z.boolean(),
});

const fullService = z.strictObject({
  id: text,
  name: text,
  description: z.string(),
  auto_resolve_timeout: z.int().nullable(),
  acknowledgement_timeout: z.int().nullable(),
  created_at: seconds,
  status: z.enum(['active', 'warning', 'critical']),
  last_incident_timestamp: seconds,
  teams,
  incident_urgency_rule: z.looseObject({ type: z.enum(['constant', 'use_support_hours']) }),
  scheduled_actions: z.array(z.unknown()),
  support_hours: z.looseObject({}).nullable(),
  escalation_policy: policy,
  addons: z.array(z.unknown()),
  privilege: anything,
  alert_creation: alertCreation,
  integrations: z.array(reference('x').extend({ type: z.string().regex(/_inbound_integration_reference$/) })),
  metadata: z.looseObject({}),
  type: z.literal('service'),
  summary: text,
  self: url,
  html_url: url,
});

const incident = z.strictObject({
  incident_number: z.int().positive(),
  title: text,
  description: text,
  created_at: seconds,
  status: statuses,
  pending_actions: z.array(z.strictObject({ type: z.enum(pendingActionTypes), at: seconds, to: urgencies.optional() })),
  incident_key: text.nullable(),
  service: fullService,
  assignments: z.array(z.strictObject({ at: seconds, assignee: user })),
  acknowledgements: z.array(z.strictObject({ at: seconds, acknowledger: agent })),
  last_status_change_at: seconds,
  last_status_change_by: agent,
  first_trigger_log_entry: reference('trigger_log_entry'),
  escalation_policy: policy,
  privilege: anything,
  teams,
  alert_counts: z.strictObject({ all: z.int(), triggered: z.int(), resolved: z.int() }),
  impacted_services: z.array(service),
  is_mergeable: z.boolean(),
  basic_alert_grouping: anything,
  alert_grouping: anything,
  metadata: z.looseObject({}),
  external_references: z.array(z.unknown()),
  importance: anything,
  resolve_reason: z.literal('merged').nullable().optional(),
  priority: z.looseObject({ id: text, summary: text }).nullable().optional(),
  incidents_responders: z.array(z.unknown()),
  responder_requests: z.array(z.unknown()),
  subscriber_requests: z.array(z.unknown()),
  urgency: urgencies,
  id: text,
  type: z.literal('incident'),
  summary: z.string().regex(/^\[#\d+\] ./),
  self: url,
  html_url: url,
  alerts: z.array(z.strictObject({ alert_key: text })),
});

const webhook = z.strictObject({
  endpoint_url: url,
  name: text,
  description: z.string().nullable(),
  webhook_object: service,
  config: z.looseObject({}),
  outbound_integration: unlinkedReference('outbound_integration'),
  accounts_addon: anything,
  id: text,
  type: z.literal('webhook'),
  summary: text,
  self: url,
  html_url: url.nullable(),
});

const message = z.strictObject({
  event: z.string(),
  log_entries: z.array(logEntry).min(1),
  webhook,
  incident,
  id: z.uuid(),
  created_on: seconds,
});
const envelope = z.strictObject({ messages: z.array(message).min(1) });
type Message = z.output<typeof message>;

export interface PagerdutyV2Receiver extends Endpoint {
  incidents: Map<string, Message['incident']>;
  /** By incident, in order of arrival. */
  logEntries: Map<string, Message['log_entries']>;
}

export function createPagerdutyV2Receiver(subscription: { id: string; secret: string }): PagerdutyV2Receiver {
  const incidents: PagerdutyV2Receiver['incidents'] = new Map();
  const logEntries: PagerdutyV2Receiver['logEntries'] = new Map();
  const messageIds = new Set<string>();
  const endpoint = createEndpoint({
    verify: pagerdutyVerifier(subscription.secret, subscription.id),
    take(body) {
      const { messages } = envelope.parse(body);
      // In practice there is one.
      if (messages.length !== 1) throw new Error(`${messages.length} messages`);
      const { id, event, incident, log_entries: entries, webhook } = messages[0]!;
      if (messageIds.has(id)) throw new Error('a message under the id of another delivery');
      requireEntries(event, entries);
      requireConsistent(event, incident);
      if (webhook.id !== subscription.id) throw new Error('the webhook is not the subscription');
      messageIds.add(id);
      incidents.set(incident.id, incident);
      logEntries.set(incident.id, [...(logEntries.get(incident.id) ?? []), ...entries]);
      return { event, subject: incident.id };
    },
  });
  return { ...endpoint, incidents, logEntries };
}

/** One of the event's type; only of an escalation there may be one for each target. */
function requireEntries(event: string, entries: Message['log_entries']): void {
  const type = entryTypes[event];
  if (type === undefined) throw new Error(`unknown event ${event}`);
  for (const entry of entries) if (entry.type !== type) throw new Error(`${event} with a ${entry.type}`);
  if (entries.length > 1 && event !== 'incident.escalate') throw new Error(`${event} with ${entries.length} entries`);
  const [entry] = entries;
  if (event === 'incident.trigger') triggerChannel.parse(entry!.channel);
  if (event === 'incident.acknowledge' && entry!.acknowledgement_timeout === undefined)
    throw new Error('an acknowledgement without acknowledgement_timeout');
  if (event === 'incident.assign' && !entry!.assignees?.length) throw new Error('an assignment without assignees');
}

/** What the field list and the samples say of how fields go together. */
function requireConsistent(event: string, incident: Message['incident']): void {
  const { status, acknowledgements, last_status_change_by: by } = incident;
  requireStatus(event, status);
  if (incident.description !== incident.title) throw new Error('the description is not the title');
  if ((status === 'acknowledged') !== acknowledgements.length > 0)
    throw new Error(`${status} with ${acknowledgements.length} acknowledgements`);
  if (status === 'triggered' && by.type !== 'service_reference') throw new Error(`triggered by a ${by.type}`);
  if (status === 'resolved' && incident.pending_actions.length > 0) throw new Error('resolved with pending actions');
}
