import type { Viewer } from '../domain/access/viewer.ts';
import { type Outcome, outcomes } from '../domain/webhook/attempt.ts';
import { type DeliveryStatus, deliveryStatuses } from './delivery-reads.ts';
import { shardOf } from './doorbell.ts';
import type { Sql } from './sql.ts';
import { isVisibleDelivery } from './visibility.ts';

export type Failure = Exclude<Outcome, 'success'>;
export const failures = outcomes.filter((outcome): outcome is Failure => outcome !== 'success');

/** How an endpoint does. */
export interface DeliveryStatistics {
  /** Attempts begun since; those without an outcome are in flight, or their worker died. */
  attempts: number;
  successes: number;
  failures: Record<Failure, number>;
  /** Milliseconds, of all attempts that have an outcome; null: there are none. */
  p50Ms: number | null;
  p95Ms: number | null;
  /** Those that wait now, and of the others those that were settled since. */
  deliveries: Record<DeliveryStatus, number>;
  /** When the oldest of those that wait was made. */
  oldestPendingAt: string | null;
  failingSince: string | null;
  pausedUntil: string | null;
}

export interface DeliveryStatisticsStore {
  /** From `since`, ISO 8601, until now, of what the viewer may see; undefined for an unknown subscription. */
  read(
    organisationId: string,
    subscriptionId: string,
    since: string,
    viewer: Viewer,
  ): Promise<DeliveryStatistics | undefined>;
}

type Row = Omit<DeliveryStatistics, 'failures' | 'deliveries'> & {
  failures: Partial<DeliveryStatistics['failures']>;
  deliveries: Partial<DeliveryStatistics['deliveries']>;
};

export function createDeliveryStatistics(sql: Sql): DeliveryStatisticsStore {
  return {
    async read(organisationId, subscriptionId, since, viewer) {
      const columns = sql`id, status, created_at`;
      const own = sql`organisation_id = ${organisationId} AND subscription_id = ${subscriptionId}
        AND ${isVisibleDelivery(sql, viewer, 'deliveries')}`;
      // What was attempted since then waits still, or was settled since: each half has its index, however long the
      // history is.
      const [row] = await sql<Row[]>`
        WITH touched AS MATERIALIZED (
          SELECT ${columns} FROM deliveries
          WHERE ${own} AND status = 'pending' AND shard = ${shardOf(subscriptionId)}
          UNION ALL
          SELECT ${columns} FROM deliveries
          WHERE ${own} AND status <> 'pending' AND settled_at >= ${since}::text::timestamptz
        ), tried AS MATERIALIZED (
          SELECT a.outcome, a.duration_ms FROM touched
          JOIN delivery_attempts a ON a.organisation_id = ${organisationId} AND a.delivery_id = touched.id
            AND a.started_at >= ${since}::text::timestamptz
        )
        SELECT s.failing_since, s.paused_until, made.*, lasted.*, standing.*
        FROM subscriptions s
        CROSS JOIN (
          SELECT coalesce(sum(count), 0)::integer AS attempts,
            coalesce(sum(count) FILTER (WHERE outcome = 'success'), 0)::integer AS successes,
            coalesce(jsonb_object_agg(outcome, count) FILTER (WHERE outcome <> 'success'), '{}') AS failures
          FROM (SELECT outcome, count(*) AS count FROM tried GROUP BY outcome) AS by_outcome
        ) AS made
        CROSS JOIN (
          SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms,
            percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms
          FROM tried WHERE outcome IS NOT NULL
        ) AS lasted
        CROSS JOIN (
          SELECT coalesce(jsonb_object_agg(status, count), '{}') AS deliveries,
            min(oldest) FILTER (WHERE status = 'pending') AS oldest_pending_at
          FROM (SELECT status, count(*) AS count, min(created_at) AS oldest FROM touched GROUP BY status) AS by_status
        ) AS standing
        WHERE s.organisation_id = ${organisationId} AND s.id = ${subscriptionId} AND s.deleted_at IS NULL`;
      return (
        row && {
          ...row,
          failures: withAll(failures, row.failures),
          deliveries: withAll(deliveryStatuses, row.deliveries),
        }
      );
    },
  };
}

function withAll<Name extends string>(names: readonly Name[], counts: Partial<Record<Name, number>>) {
  return Object.fromEntries(names.map((name) => [name, counts[name] ?? 0])) as Record<Name, number>;
}
