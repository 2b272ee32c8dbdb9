import { z } from 'zod';
import { outcomes } from '../../domain/webhook/attempt.ts';
import { dialectNames, dialects } from '../../outbound/index.ts';
import { eventNameOf } from '../../outbound/dialect.ts';
import type { Delivery } from '../../stores/deliveries.ts';
import type { Subscription } from '../../stores/subscriptions.ts';
import { id, text, timestamp } from '../fields.ts';

const dialect = z.enum(dialectNames);

export const newSubscription = z
  .strictObject({
    name: text(255),
    url: text(2_048).meta({ format: 'uri', pattern: '^[hH][tT][tT][pP][sS]?://' }),
    dialect,
    events: z
      .array(text(100))
      .min(1, 'must name one event or more')
      .max(50)
      .optional()
      .meta({ description: 'Names of the dialect’s events; absent: all of them.' }),
  })
  .meta({
    examples: [
      { name: 'Chat bot', url: 'https://bot.example.com/tocsin', dialect: 'standard', events: ['incident.triggered'] },
    ],
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
const example = {
  id: '01993c51-3b7a-7e64-9c2d-8e9fa0b1c2d3',
  name: 'Chat bot',
  url: 'https://bot.example.com/tocsin',
  dialect: 'standard',
  events: ['incident.triggered'],
  enabled: true,
  created_at: '2026-03-02T08:00:00.000Z',
};
export const subscription = z.object(shape).meta({ id: 'Subscription', examples: [example] });
export const subscriptionWithSecret = z
  .object({ ...shape, secret: z.string().meta({ description: 'What deliveries are signed with. Shown once.' }) })
  .meta({ id: 'NewSubscription', examples: [{ ...example, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }] });

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
  .meta({
    id: 'Delivery',
    examples: [
      {
        id: '01993c53-0b3c-7f12-8a4b-2c3d4e5f6071',
        subscription_id: '01993c51-3b7a-7e64-9c2d-8e9fa0b1c2d3',
        incident_id: '01993c53-0b10-7e01-8f2a-1b2c3d4e5f60',
        event: 'incident.triggered',
        status: 'delivered',
        created_at: '2026-03-15T19:09:39.000Z',
        next_attempt_at: null,
        attempts: [
          {
            number: 1,
            started_at: '2026-03-15T19:09:39.021Z',
            duration_ms: 38,
            outcome: 'success',
            status_code: 200,
            error: null,
            response: 'ok',
          },
        ],
      },
    ],
  });

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
