import { z } from 'zod';
import { outcomes } from '../../domain/webhook/attempt.ts';
import { dialectNames, dialects } from '../../outbound/index.ts';
import { eventNameOf } from '../../outbound/dialect.ts';
import type { Delivery } from '../../stores/deliveries.ts';
import type { Subscription } from '../../stores/subscriptions.ts';
import { id, text, timestamp } from '../fields.ts';

const dialect = z.enum(dialectNames);

export const newSubscription = z.strictObject({
  name: text(255),
  url: text(2_048).meta({ format: 'uri' }),
  dialect,
  events: z
    .array(text(100))
    .min(1, 'must name one event or more')
    .max(50)
    .optional()
    .meta({ description: 'Names of the dialect’s events; absent: all of them.' }),
});

const shape = {
  id,
  name: z.string(),
  url: z.string(),
  dialect,
  events: z.array(z.string()),
  enabled: z.boolean(),
  created_at: timestamp,
};
export const subscription = z.object(shape).meta({ id: 'Subscription' });
export const subscriptionWithSecret = z
  .object({ ...shape, secret: z.string().meta({ description: 'What deliveries are signed with. Shown once.' }) })
  .meta({ id: 'NewSubscription' });

const attempt = z
  .object({
    number: z.int(),
    started_at: timestamp,
    duration_ms: z.int().nullable(),
    outcome: z.enum(outcomes).nullable().meta({ description: 'Null: in flight, or begun by a worker that died.' }),
    status_code: z.int().nullable(),
    error: z.string().nullable(),
    response: z.string().nullable().meta({ description: 'The beginning of the answer.' }),
  })
  .meta({ id: 'Attempt' });

export const delivery = z
  .object({
    id: id.meta({ description: 'Sent with every attempt.' }),
    subscription_id: id,
    incident_id: id,
    event: z.string().meta({ description: "In the dialect's words." }),
    status: z.enum(['pending', 'delivered', 'failed']),
    created_at: timestamp,
    next_attempt_at: timestamp.nullable(),
    attempts: z.array(attempt),
  })
  .meta({ id: 'Delivery' });

export function presentSubscription(row: Subscription): z.input<typeof subscription> {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    dialect: row.dialect,
    events: row.events,
    enabled: row.enabled,
    created_at: row.createdAt,
  };
}

export function presentDelivery(row: Delivery, dialectName: string): z.input<typeof delivery> {
  const spoken = dialects[dialectName];
  return {
    id: row.id,
    subscription_id: row.subscriptionId,
    incident_id: row.incidentId,
    event: (spoken && eventNameOf(spoken, row.transitionType)) ?? row.transitionType,
    status: row.status,
    created_at: row.createdAt,
    next_attempt_at: row.nextAttemptAt,
    attempts: row.attempts.map((made) => ({
      number: made.number,
      started_at: made.startedAt,
      duration_ms: made.durationMs,
      outcome: made.outcome,
      status_code: made.statusCode,
      error: made.error,
      response: made.response,
    })),
  };
}
