import type { DueDelivery, Taken, TakeOptions } from './deliveries.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';

/** Due rows looked at in one statement for each endpoint: some, more with each attempt that it may get, and at most. */
const scannedAtLeast = 40;
const scannedPerAttempt = 10;
const scanWindow = 100;

/**
 * One statement. It walks the endpoints that have pending rows by index, so a backlog of one costs the others
 * nothing; looks at the first due rows of each that may be sent to; takes those that no earlier pending row of their
 * incident blocks, in turn over organisations and their endpoints; and moves the blocked ones behind their blocker,
 * or a receiver that is down for a day would have them looked at again and again. Each organisation gets, with what
 * it holds, no more than is left free: of two that want, each gets a third. Rows are locked with SKIP LOCKED and
 * taken only if still as seen.
 */
export async function takeDeliveries(
  sql: Sql,
  sealer: Sealer,
  shard: number,
  { limit, allowances, newcomerLimit, held, leaseMarginMs }: TakeOptions,
): Promise<Taken> {
  const rows = await sql<TakenRow[]>`
    WITH RECURSIVE endpoints (id) AS (
      (SELECT subscription_id FROM deliveries
       WHERE shard = ${shard} AND status = 'pending' ORDER BY subscription_id LIMIT 1)
      UNION ALL
      SELECT (SELECT subscription_id FROM deliveries
              WHERE shard = ${shard} AND status = 'pending' AND subscription_id > endpoints.id
              ORDER BY subscription_id LIMIT 1)
      FROM endpoints WHERE endpoints.id IS NOT NULL
    ), standing AS MATERIALIZED (
      SELECT s.id, s.organisation_id, s.paused_until, s.rate_limit,
        given.value::integer AS given, given.value IS NULL AS newcomer,
        ${limit}::integer - coalesce((held.value->>0)::integer, 0) AS leeway,
        ${newcomerLimit}::integer - coalesce((held.value->>1)::integer, 0) AS newcomer_leeway
      FROM endpoints
      JOIN subscriptions AS s ON s.id = endpoints.id AND s.enabled AND s.deleted_at IS NULL
      LEFT JOIN jsonb_each_text(${sql.json(allowances)}) AS given ON given.key = s.id::text
      LEFT JOIN jsonb_each(${sql.json(held)}) AS held ON held.key = s.organisation_id::text
    ), allowed AS (
      SELECT *, leeway > 0 AND (NOT newcomer OR newcomer_leeway > 0) AS has_leeway,
        -- One that was paused shows with a single attempt whether it is back.
        LEAST(coalesce(given, 1), CASE WHEN paused_until IS NOT NULL THEN 1 END,
          CASE WHEN rate_limit IS NOT NULL THEN 1 + rate_limit / 10 END) AS allowance
      FROM standing
      WHERE coalesce(given, 1) > 0 AND (paused_until IS NULL OR paused_until <= now())
    ), seen AS MATERIALIZED (
      SELECT due.*, allowed.organisation_id, allowed.allowance, allowed.newcomer, allowed.leeway,
        allowed.newcomer_leeway, blocker.free_at AS blocked_until
      FROM allowed
      CROSS JOIN LATERAL (
        SELECT id, subscription_id, subject_id, sequence, event, item, in_order, next_attempt_at FROM deliveries
        WHERE shard = ${shard} AND subscription_id = allowed.id AND status = 'pending' AND next_attempt_at <= now()
        ORDER BY next_attempt_at LIMIT LEAST(${scanWindow}, ${scannedAtLeast} + ${scannedPerAttempt} * allowed.allowance)
      ) AS due
      LEFT JOIN LATERAL (
        SELECT CASE WHEN earlier.lease_token IS NULL THEN earlier.next_attempt_at
                    ELSE LEAST(earlier.next_attempt_at, now() + interval '1 second') END AS free_at
        FROM deliveries AS earlier
        WHERE earlier.subscription_id = due.subscription_id AND earlier.subject_id = due.subject_id
          AND earlier.status = 'pending' AND earlier.in_order AND due.in_order
          AND (earlier.sequence, earlier.event, earlier.item) < (due.sequence, due.event, due.item)
        ORDER BY earlier.sequence, earlier.event, earlier.item LIMIT 1
      ) AS blocker ON true
      WHERE allowed.has_leeway
    ), free AS (
      SELECT *, row_number() OVER (PARTITION BY subscription_id ORDER BY next_attempt_at, id) AS turn
      FROM seen WHERE blocked_until IS NULL
    ), wanted AS (
      SELECT *, 1 + (SELECT count(DISTINCT organisation_id) FROM free) AS shares,
        row_number() OVER (PARTITION BY organisation_id, newcomer ORDER BY turn, next_attempt_at, id) AS place_of_kind
      FROM free WHERE turn <= allowance
    ), shared AS (
      SELECT *, row_number() OVER (PARTITION BY organisation_id ORDER BY turn, next_attempt_at, id) AS place
      FROM wanted WHERE NOT newcomer OR place_of_kind <= ceil(newcomer_leeway / shares::numeric)
    ), in_turn AS (
      SELECT *, row_number() OVER (PARTITION BY newcomer ORDER BY place, next_attempt_at, id) AS place_of_all
      FROM shared WHERE place <= ceil(leeway / shares::numeric)
    ), chosen AS MATERIALIZED (
      SELECT id, next_attempt_at FROM in_turn WHERE NOT newcomer OR place_of_all <= ${newcomerLimit}
      ORDER BY place, next_attempt_at LIMIT ${limit}
    ), locked AS (
      SELECT deliveries.id FROM deliveries JOIN chosen ON chosen.id = deliveries.id
      WHERE deliveries.status = 'pending' AND deliveries.next_attempt_at = chosen.next_attempt_at
      FOR UPDATE OF deliveries SKIP LOCKED
    ), taken AS (
      UPDATE deliveries
      SET attempts = attempts + 1, lease_token = gen_random_uuid(),
          leased_until = now() + lease.length, next_attempt_at = now() + lease.length
      FROM locked, subscriptions AS s,
        LATERAL (SELECT (s.timeout_ms + ${leaseMarginMs}::float8) * interval '1 millisecond' AS length) AS lease
      WHERE deliveries.id = locked.id AND s.id = deliveries.subscription_id
      RETURNING deliveries.*
    ), begun AS (
      INSERT INTO delivery_attempts (organisation_id, delivery_id, number, started_at, is_manual)
      SELECT organisation_id, id, attempts, now(),
        -- The first of a schedule that was begun anew by hand.
        attempts = attempts_before + 1 AND (attempts_before > 0 OR NOT in_order) FROM taken
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
      taken.id, taken.lease_token, taken.organisation_id, taken.subscription_id, taken.incident_id, taken.event,
      taken.item, taken.attempts, taken.attempts_before, s.name, s.description, s.url, s.dialect, s.timeout_ms,
      s.rate_limit, s.paused_until IS NOT NULL AS is_probe,
      s.secret AS sealed_secret, s.headers AS sealed_headers,
      ARRAY(SELECT jsonb_build_array(old.id, encode(old.secret, 'base64')) FROM subscription_secrets AS old
        WHERE old.subscription_id = s.id AND old.expires_at > now() ORDER BY old.created_at DESC) AS replaced_secrets,
      coalesce(taken.snapshot, transitions.snapshot) AS snapshot,
      state.more, state.left_out, state.next_due_in_ms
    FROM (
      SELECT
        EXISTS (SELECT FROM seen GROUP BY subscription_id, allowance
                HAVING count(*) = LEAST(${scanWindow}, ${scannedAtLeast} + ${scannedPerAttempt} * allowance)
                  AND count(blocked_until) > 0) AS more,
        EXISTS (SELECT FROM allowed WHERE NOT has_leeway)
          OR (SELECT count(*) FROM wanted) > (SELECT count(*) FROM chosen) AS left_out,
        (SELECT EXTRACT(epoch FROM min(at) - now())::float8 * 1000 FROM (
          SELECT CASE WHEN paused_until > now() THEN paused_until ELSE (
            SELECT next_attempt_at FROM deliveries
            WHERE shard = ${shard} AND subscription_id = standing.id AND status = 'pending'
              AND next_attempt_at > now()
            ORDER BY next_attempt_at LIMIT 1) END AS at
          FROM standing) AS coming) AS next_due_in_ms
    ) AS state
    LEFT JOIN (
      taken JOIN subscriptions AS s ON s.id = taken.subscription_id
      LEFT JOIN transitions ON transitions.incident_id = taken.incident_id AND transitions.sequence = taken.sequence
    ) ON true`;
  const { more, leftOut, nextDueInMs } = rows[0]!;
  const taken = rows.flatMap((row) => (row.id === null ? [] : [openable(row, sealer)]));
  return { deliveries: taken, more, leftOut, nextDueInMs };
}

/** The state of the shard stands in every row; a shard with nothing to take answers it in one row without a delivery. */
type TakenRow = Pick<Taken, 'more' | 'leftOut' | 'nextDueInMs'> & (Sealed | { id: null });

type Sealed = { id: string } & Omit<DueDelivery, 'id' | 'secrets' | 'headers' | 'subscription'> &
  Omit<DueDelivery['subscription'], 'id'> & {
    sealedSecret: Uint8Array;
    sealedHeaders: Uint8Array | null;
    /** Id and sealed secret, base64. */
    replacedSecrets: [string, string][];
  };

function openable(row: Sealed, sealer: Sealer): DueDelivery {
  const { sealedSecret, sealedHeaders, replacedSecrets, name, description, url } = row;
  const { id, leaseToken, organisationId, subscriptionId, incidentId, event, item, attempts, attemptsBefore } = row;
  const { dialect, timeoutMs, rateLimit, isProbe, snapshot } = row;
  return {
    ...{ id, leaseToken, organisationId, subscriptionId, incidentId, event, item, attempts, attemptsBefore },
    ...{ dialect, timeoutMs, rateLimit, isProbe, snapshot },
    subscription: { id: subscriptionId, name, description, url },
    secrets: () => [
      sealer.open(sealedSecret, subscriptionId),
      ...replacedSecrets.map(([secretId, sealed]) => sealer.open(Buffer.from(sealed, 'base64'), secretId)),
    ],
    headers: () =>
      sealedHeaders === null ? {} : (JSON.parse(sealer.open(sealedHeaders, subscriptionId)) as Record<string, string>),
  };
}
