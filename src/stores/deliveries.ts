import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { TransitionType } from '../domain/incident/log-entry.ts';
import type { AttemptResult, Outcome } from '../domain/webhook/attempt.ts';
import type { Offer } from '../outbound/endpoint-slots.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';

/** A delivery under a lease, with all it takes to send it. */
export interface DueDelivery {
  id: string;
  leaseToken: string;
  organisationId: string;
  subscriptionId: string;
  incidentId: string;
  /** Attempts begun, this one included. */
  attempts: number;
  url: string;
  dialect: string;
  /** Opens the signing secrets; throws when SECRET_KEY is not the one that sealed them. */
  secrets(): string[];
  snapshot: IncidentSnapshot;
}

export interface TakeOptions extends Offer {
  /** Longer than an attempt can last: a lease that runs out makes the delivery due again. */
  leaseMs: number;
}

export interface Taken {
  deliveries: DueDelivery[];
  /** More may be due already than was looked at. */
  more: boolean;
  /** Milliseconds until the next row of this shard comes due; null when none waits. */
  nextDueInMs: number | null;
}

export interface Attempt {
  number: number;
  startedAt: string;
  durationMs: number | null;
  /** Null while in flight, and for ever when the worker that made it died. */
  outcome: Outcome | null;
  statusCode: number | null;
  error: string | null;
  response: string | null;
}

export interface Delivery {
  id: string;
  subscriptionId: string;
  incidentId: string;
  sequence: number;
  transitionType: TransitionType;
  status: 'pending' | 'delivered' | 'failed';
  createdAt: string;
  /** Null once settled and while an attempt is in flight. */
  nextAttemptAt: string | null;
  /** Oldest first. */
  attempts: Attempt[];
}

export interface DeliveryStore {
  take(shard: number, options: TakeOptions): Promise<Taken>;
  /**
   * Stores the outcome while the lease stands: success settles the delivery, `retryInMs` makes it due again then, null
   * gives it up. A lease that was lost stores nothing. `followerDue`: the next of the same incident may go now.
   */
  record(
    delivery: Pick<DueDelivery, 'id' | 'leaseToken'>,
    result: AttemptResult,
    retryInMs: number | null,
  ): Promise<{ stored: boolean; followerDue: boolean }>;
  /** Newest first, each with all its attempts; `after` is the last one seen. */
  list(
    organisationId: string,
    subscriptionId: string,
    page: { limit: number; after?: { createdAt: string; id: string } | undefined },
  ): Promise<Delivery[]>;
}

/** Due rows looked at for each endpoint in one statement. */
const scanWindow = 100;

/** `take` and `record` work for pumps, which serve all organisations; every row they answer names its own. */
export function createDeliveryStore(sql: Sql, sealer: Sealer): DeliveryStore {
  return {
    // One statement. It walks the endpoints that have pending rows by index, so a backlog of one costs the others
    // nothing; looks at the first due rows of each; takes those that no earlier pending row of their incident blocks,
    // in turn over the endpoints; and moves the blocked ones behind their blocker, or a receiver that is down for a day
    // would have them looked at again and again. Rows are locked with SKIP LOCKED and taken only if still as seen.
    async take(shard, { limit, allowances, newcomerLimit, leaseMs }) {
      const lease = sql`(${leaseMs}::float8 * interval '1 millisecond')`;
      const rows = await sql<TakenRow[]>`
        WITH RECURSIVE endpoints (id) AS (
          (SELECT subscription_id FROM deliveries
           WHERE shard = ${shard} AND status = 'pending' ORDER BY subscription_id LIMIT 1)
          UNION ALL
          SELECT (SELECT subscription_id FROM deliveries
                  WHERE shard = ${shard} AND status = 'pending' AND subscription_id > endpoints.id
                  ORDER BY subscription_id LIMIT 1)
          FROM endpoints WHERE endpoints.id IS NOT NULL
        ), allowed AS (
          SELECT endpoints.id, COALESCE((given.value)::integer, 1) AS allowance, given.value IS NULL AS newcomer
          FROM endpoints
          JOIN subscriptions ON subscriptions.id = endpoints.id AND subscriptions.enabled
          LEFT JOIN jsonb_each_text(${sql.json(allowances)}) AS given ON given.key = endpoints.id::text
          WHERE COALESCE((given.value)::integer, 1) > 0
        ), seen AS MATERIALIZED (
          SELECT due.*, allowed.allowance, allowed.newcomer, blocker.free_at AS blocked_until
          FROM allowed
          CROSS JOIN LATERAL (
            SELECT id, subscription_id, incident_id, sequence, next_attempt_at FROM deliveries
            WHERE shard = ${shard} AND subscription_id = allowed.id AND status = 'pending' AND next_attempt_at <= now()
            ORDER BY next_attempt_at LIMIT ${scanWindow}
          ) AS due
          LEFT JOIN LATERAL (
            SELECT CASE WHEN earlier.lease_token IS NULL THEN earlier.next_attempt_at
                        ELSE LEAST(earlier.next_attempt_at, now() + interval '1 second') END AS free_at
            FROM deliveries AS earlier
            WHERE earlier.subscription_id = due.subscription_id AND earlier.incident_id = due.incident_id
              AND earlier.status = 'pending' AND earlier.sequence < due.sequence
            ORDER BY earlier.sequence LIMIT 1
          ) AS blocker ON true
        ), in_turn AS (
          SELECT *, row_number() OVER (PARTITION BY newcomer ORDER BY turn, next_attempt_at) AS place
          FROM (
            SELECT *, row_number() OVER (PARTITION BY subscription_id ORDER BY next_attempt_at, id) AS turn
            FROM seen WHERE blocked_until IS NULL
          ) AS free
          WHERE turn <= allowance
        ), locked AS (
          SELECT deliveries.id FROM deliveries
          JOIN (
            SELECT id, next_attempt_at FROM in_turn WHERE NOT newcomer OR place <= ${newcomerLimit}
            ORDER BY turn, next_attempt_at LIMIT ${limit}
          ) AS chosen ON chosen.id = deliveries.id
          WHERE deliveries.status = 'pending' AND deliveries.next_attempt_at = chosen.next_attempt_at
          FOR UPDATE OF deliveries SKIP LOCKED
        ), taken AS (
          UPDATE deliveries
          SET attempts = attempts + 1, lease_token = gen_random_uuid(),
              leased_until = now() + ${lease}, next_attempt_at = now() + ${lease}
          FROM locked WHERE deliveries.id = locked.id
          RETURNING deliveries.*
        ), begun AS (
          INSERT INTO delivery_attempts (organisation_id, delivery_id, number, started_at)
          SELECT organisation_id, id, attempts, now() FROM taken
        ), movable AS (
          SELECT deliveries.id, seen.blocked_until FROM deliveries JOIN seen ON seen.id = deliveries.id
          WHERE seen.blocked_until IS NOT NULL
            AND deliveries.status = 'pending' AND deliveries.next_attempt_at = seen.next_attempt_at
          FOR UPDATE OF deliveries SKIP LOCKED
        ), moved AS (
          UPDATE deliveries SET next_attempt_at = movable.blocked_until + interval '1 millisecond'
          FROM movable WHERE deliveries.id = movable.id
        )
        SELECT
          taken.id, taken.lease_token, taken.organisation_id, taken.subscription_id, taken.incident_id, taken.attempts,
          subscriptions.url, subscriptions.dialect, subscriptions.secret AS sealed_secret, transitions.snapshot,
          state.more, state.next_due_in_ms
        FROM (
          SELECT
            EXISTS (SELECT FROM seen GROUP BY subscription_id
                    HAVING count(*) = ${scanWindow} AND count(blocked_until) > 0) AS more,
            (SELECT EXTRACT(epoch FROM next_attempt_at - now())::float8 * 1000 FROM deliveries
             WHERE shard = ${shard} AND status = 'pending' AND next_attempt_at > now()
             ORDER BY next_attempt_at LIMIT 1) AS next_due_in_ms
        ) AS state
        LEFT JOIN (
          taken JOIN subscriptions ON subscriptions.id = taken.subscription_id
          JOIN transitions ON transitions.incident_id = taken.incident_id AND transitions.sequence = taken.sequence
        ) ON true`;
      const { more, nextDueInMs } = rows[0]!;
      return { deliveries: rows.flatMap((row) => (row.id === null ? [] : [openable(row, sealer)])), more, nextDueInMs };
    },

    async record({ id, leaseToken }, result, retryInMs) {
      const status = result.outcome === 'success' ? 'delivered' : retryInMs === null ? 'failed' : 'pending';
      const [row] = await sql<{ stored: boolean; followerDue: boolean }[]>`
        WITH settled AS (
          UPDATE deliveries SET
            status = ${status}, lease_token = NULL, leased_until = NULL,
            next_attempt_at = ${
              status === 'pending' ? sql`now() + ${retryInMs}::float8 * interval '1 millisecond'` : sql`NULL`
            }
          WHERE id = ${id} AND lease_token = ${leaseToken}
          RETURNING id, subscription_id, incident_id, sequence, attempts
        ), noted AS (
          UPDATE delivery_attempts SET
            outcome = ${result.outcome}, status_code = ${result.statusCode}, duration_ms = ${result.durationMs},
            error = ${result.error}, response = ${result.response}
          FROM settled WHERE delivery_id = settled.id AND number = settled.attempts
        ), follower AS (
          UPDATE deliveries SET next_attempt_at = now()
          WHERE ${status !== 'pending'} AND id = (
            SELECT later.id FROM settled JOIN deliveries AS later
              ON later.subscription_id = settled.subscription_id AND later.incident_id = settled.incident_id
            WHERE later.status = 'pending' AND later.sequence > settled.sequence
            ORDER BY later.sequence LIMIT 1
          )
          RETURNING id
        )
        SELECT EXISTS (SELECT FROM settled) AS stored, EXISTS (SELECT FROM follower) AS follower_due`;
      return row!;
    },

    async list(organisationId, subscriptionId, { limit, after }) {
      const deliveries = await sql<Omit<Delivery, 'attempts'>[]>`
        SELECT id, subscription_id, incident_id, sequence, transition_type, status, created_at,
          CASE WHEN lease_token IS NULL OR leased_until <= now() THEN next_attempt_at END AS next_attempt_at
        FROM deliveries
        WHERE organisation_id = ${organisationId} AND subscription_id = ${subscriptionId}
          ${after === undefined ? sql`` : sql`AND (created_at, id) < (${after.createdAt}, ${after.id})`}
        ORDER BY created_at DESC, id DESC LIMIT ${limit}`;
      const attempts = await sql<(Attempt & { deliveryId: string })[]>`
        SELECT delivery_id, number, started_at, duration_ms, outcome, status_code, error, response
        FROM delivery_attempts
        WHERE organisation_id = ${organisationId} AND delivery_id = ANY (${deliveries.map(({ id }) => id)}::uuid[])
        ORDER BY delivery_id, number`;
      const attemptsOf = new Map<string, Attempt[]>(deliveries.map(({ id }) => [id, []]));
      for (const { deliveryId, ...attempt } of attempts) attemptsOf.get(deliveryId)?.push(attempt);
      return deliveries.map((delivery) => ({ ...delivery, attempts: attemptsOf.get(delivery.id) ?? [] }));
    },
  };
}

/** The state of the shard stands in every row; a shard with nothing to take answers it in one row without a delivery. */
type TakenRow = Pick<Taken, 'more' | 'nextDueInMs'> &
  (({ id: string } & Omit<DueDelivery, 'id' | 'secrets'> & { sealedSecret: Uint8Array }) | { id: null });

function openable(row: Extract<TakenRow, { id: string }>, sealer: Sealer): DueDelivery {
  const { id, leaseToken, organisationId, subscriptionId, incidentId, attempts, url, dialect, snapshot } = row;
  const secrets = () => [sealer.open(row.sealedSecret, subscriptionId)];
  return { id, leaseToken, organisationId, subscriptionId, incidentId, attempts, url, dialect, snapshot, secrets };
}
