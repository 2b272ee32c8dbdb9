import { z } from 'zod';
import { outcomes } from '../../domain/webhook/attempt.ts';
import { type Delivery, deliveryStatuses } from '../../stores/delivery-reads.ts';
import { type DeliveryStatistics, failures } from '../../stores/delivery-statistics.ts';
import { id, page, queryList, queryTime, text, timestamp } from '../fields.ts';
import { moment } from '../schedules/times.ts';

export const deliveryQuery = z.strictObject({
  ...page,
  status: queryList(deliveryStatuses),
  event: text(100).optional().meta({ description: "In the dialect's words." }),
  incident_id: id.optional(),
  since: queryTime.optional().meta({ description: 'Made at this time or later.' }),
  until: queryTime.optional().meta({ description: 'Made before this time.' }),
});

export const longestStatistics = 30;
export const statisticsQuery = z.strictObject({
  since: queryTime
    .optional()
    .meta({ description: `At most ${longestStatistics} days ago; absent: the last 24 hours.` }),
});

export const longestRecovery = 31;
export const recoverBody = z
  .strictObject({
    since: moment,
    until: moment
      .nullable()
      .default(null)
      .meta({ description: `At most ${longestRecovery} days after \`since\`; null: now.` }),
  })
  .meta({ examples: [{ since: '2026-03-15T19:00:00Z', until: '2026-03-16T19:00:00Z' }] });

export const exampleBody = z
  .strictObject({ event: text(100).meta({ description: "One of the dialect's." }) })
  .meta({ examples: [{ event: 'incident.triggered' }] });

const attempt = z
  .object({
    number: z.int(),
    started_at: timestamp,
    duration_ms: z.int().nullable(),
    outcome: z.enum(outcomes).nullable().meta({ description: 'Null: in flight, or begun by a worker that died.' }),
    status_code: z.int().nullable(),
    error: z.string().nullable(),
    response: z
      .string()
      .nullable()
      .meta({ description: 'The beginning of the answer: 1,000 characters in lists, else 20 KB.' }),
    is_manual: z.boolean().meta({ description: 'Somebody asked for it: the first of a schedule that began anew.' }),
  })
  .meta({ id: 'Attempt' });

const shape = {
  id: id.meta({ description: 'Sent with every attempt.' }),
  subscription_id: id,
  incident_id: id.nullable().meta({ description: 'Null: it tells of no incident.' }),
  event: z.string().meta({ description: "In the dialect's words." }),
  status: z.enum(deliveryStatuses).meta({
    description:
      '`failed`: given up. `cancelled`: the subscription got a dialect that has no such event, or was deleted.',
  }),
  created_at: timestamp,
  next_attempt_at: timestamp.nullable().meta({ description: 'Null: it is settled, or an attempt is in flight.' }),
  settled_at: timestamp.nullable(),
  attempts: z.array(attempt),
};
const example = {
  id: '01993c53-0b3c-7f12-8a4b-2c3d4e5f6071',
  subscription_id: '01993c51-3b7a-7e64-9c2d-8e9fa0b1c2d3',
  incident_id: '01993c53-0b10-7e01-8f2a-1b2c3d4e5f60',
  event: 'incident.triggered',
  status: 'delivered',
  created_at: '2026-03-15T19:09:39.000Z',
  next_attempt_at: null,
  settled_at: '2026-03-15T19:09:39.059Z',
  attempts: [
    {
      number: 1,
      started_at: '2026-03-15T19:09:39.021Z',
      duration_ms: 38,
      outcome: 'success',
      status_code: 200,
      error: null,
      response: 'ok',
      is_manual: false,
    },
  ],
};
export const delivery = z.object(shape).meta({ id: 'Delivery', examples: [example] });
export const deliveryWithPayload = z
  .object({
    ...shape,
    payload: z.looseObject({}).nullable().meta({
      description:
        'The body, as it was sent last, or would be. Null: the subscription speaks a dialect by now that has no such event.',
    }),
  })
  .meta({
    id: 'DeliveryWithPayload',
    examples: [
      { ...example, payload: { type: 'incident.triggered', timestamp: '2026-03-15T19:09:38.987Z', data: {} } },
    ],
  });

export const recovery = z
  .object({
    retried: z.int().meta({ description: 'Deliveries that were given up, and are due again.' }),
    added: z.int().meta({ description: 'Deliveries of what nothing was stored of.' }),
    more: z.boolean().meta({ description: 'The range holds more: call again.' }),
  })
  .meta({ id: 'Recovery', examples: [{ retried: 12, added: 3, more: false }] });

export const statistics = z
  .object({
    since: timestamp,
    attempts: z.int().meta({ description: 'Begun since then. Those without an outcome are neither below.' }),
    successes: z.int(),
    failures: z.object(each(failures)),
    duration_ms: z
      .object({ p50: z.int().nullable(), p95: z.int().nullable() })
      .meta({ description: 'Half, and 95 % of the attempts, took no longer; null: there were none.' }),
    deliveries: z
      .object(each(deliveryStatuses))
      .meta({ description: 'Those that are pending now; of the others those that were settled since then.' }),
    oldest_pending_at: timestamp.nullable().meta({ description: 'When it was made.' }),
    failing_since: timestamp.nullable().meta({ description: 'The first failure since the last success.' }),
    paused_until: timestamp.nullable(),
  })
  .meta({
    id: 'DeliveryStatistics',
    examples: [
      {
        since: '2026-03-14T19:09:39.000Z',
        attempts: 214,
        successes: 209,
        failures: {
          http_error: 4,
          timeout: 1,
          network_error: 0,
          tls_error: 0,
          refused_address: 0,
          loop: 0,
          internal_error: 0,
        },
        duration_ms: { p50: 38, p95: 212 },
        deliveries: { pending: 0, delivered: 209, failed: 0, cancelled: 0 },
        oldest_pending_at: null,
        failing_since: null,
        paused_until: null,
      },
    ],
  });

function each<Name extends string>(names: readonly Name[]): Record<Name, z.ZodInt> {
  return Object.fromEntries(names.map((name) => [name, z.int()])) as Record<Name, z.ZodInt>;
}

export function presentDelivery(row: Delivery): z.input<typeof delivery> {
  return {
    id: row.id,
    subscription_id: row.subscriptionId,
    incident_id: row.incidentId,
    event: row.event,
    status: row.status,
    created_at: row.createdAt,
    next_attempt_at: row.nextAttemptAt,
    settled_at: row.settledAt,
    attempts: row.attempts.map((made) => ({
      number: made.number,
      started_at: made.startedAt,
      duration_ms: made.durationMs,
      outcome: made.outcome,
      status_code: made.statusCode,
      error: made.error,
      response: made.response,
      is_manual: made.isManual,
    })),
  };
}

export function presentStatistics(row: DeliveryStatistics, since: string): z.input<typeof statistics> {
  return {
    since,
    attempts: row.attempts,
    successes: row.successes,
    failures: row.failures,
    duration_ms: { p50: row.p50Ms, p95: row.p95Ms },
    deliveries: row.deliveries,
    oldest_pending_at: row.oldestPendingAt,
    failing_since: row.failingSince,
    paused_until: row.pausedUntil,
  };
}
