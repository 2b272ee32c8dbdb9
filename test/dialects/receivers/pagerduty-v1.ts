import { z } from 'zod';
import { createEndpoint, pagerdutyVerifier, seconds, text, url, type Endpoint } from './endpoint.ts';
import { pendingActionTypes, requireStatus, statuses, urgencies } from './pagerduty-reference.ts';

export const pagerdutyV1Events = [
  'incident.trigger',
  'incident.acknowledge',
  'incident.unacknowledge',
  'incident.resolve',
  'incident.assign',
  'incident.escalate',
  'incident.delegate',
] as const;

const user = z.strictObject({ id: text, name: text, email: z.email(), html_url: url });
const since = z.strictObject({ at: seconds, object: user.extend({ type: z.literal('user') }) });
const deletedAt = seconds.nullable();

const incident = z.strictObject({
  id: text,
  incident_number: z.int().positive(),
  created_on: seconds,
  status: statuses,
  // Their samples have an offset here, and nowhere else.
  pending_actions: z.array(
    z.strictObject({
      type: z.enum(pendingActionTypes),
      at: z.iso.datetime({ offset: true, precision: 0 }),
      to: urgencies.optional(),
    }),
  ),
  html_url: url,
  // Null in their V2 sample of an incident opened by hand.
  incident_key: text.nullable(),
  service: z.strictObject({ id: text, name: text, html_url: url, deleted_at: deletedAt, description: z.string() }),
  escalation_policy: z.strictObject({ id: text, name: text, deleted_at: deletedAt }),
  assigned_to_user: user.nullable(),
  trigger_summary_data: z.looseObject({ subject: text }),
  trigger_details_html_url: url,
  trigger_type: text,
  last_status_change_on: seconds,
  last_status_change_by: user.nullable(),
  number_of_escalations: z.int().min(0),
  resolved_by_user: user.nullable().optional(),
  assigned_to: z.array(since),
  // Users; empty when it was a machine that acknowledged.
  acknowledgers: z.array(since).optional(),
  urgency: urgencies,
});

const envelope = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        type: z.enum(pagerdutyV1Events),
        data: z.strictObject({ incident }),
        id: z.uuid(),
        created_on: seconds,
      }),
    )
    .min(1),
});
type Incident = z.output<typeof incident>;

export interface PagerdutyV1Receiver extends Endpoint {
  incidents: Map<string, Incident>;
}

export function createPagerdutyV1Receiver(subscription: { id: string; secret: string }): PagerdutyV1Receiver {
  const incidents: PagerdutyV1Receiver['incidents'] = new Map();
  const messageIds = new Set<string>();
  const endpoint = createEndpoint({
    verify: pagerdutyVerifier(subscription.secret, subscription.id),
    take(body) {
      const { messages } = envelope.parse(body);
      // In practice there is one.
      if (messages.length !== 1) throw new Error(`${messages.length} messages`);
      const { id, type, data } = messages[0]!;
      if (messageIds.has(id)) throw new Error('a message under the id of another delivery');
      requireConsistent(type, data.incident);
      messageIds.add(id);
      incidents.set(data.incident.id, data.incident);
      return { event: type, subject: data.incident.id };
    },
  });
  return { ...endpoint, incidents };
}

/** What the samples show of which keys are there when. */
function requireConsistent(type: string, given: Incident): void {
  requireStatus(type, given.status);
  const isAcknowledged = given.status === 'acknowledged';
  if (isAcknowledged !== (given.acknowledgers !== undefined)) throw new Error('acknowledgers while acknowledged only');
  if ((type === 'incident.resolve') !== (given.resolved_by_user !== undefined))
    throw new Error('resolved_by_user on resolve only');
  const assigned = given.assigned_to.map(({ object }) => object.id);
  if (given.assigned_to_user ? !assigned.includes(given.assigned_to_user.id) : assigned.length > 0)
    throw new Error('assigned_to_user is none of those assigned');
  if (given.status === 'resolved' && given.assigned_to.length + given.pending_actions.length > 0)
    throw new Error('resolved, and still assigned or pending');
}
