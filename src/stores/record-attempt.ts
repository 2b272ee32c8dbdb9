import type { AttemptResult } from '../domain/webhook/attempt.ts';
import type { Verdict } from '../domain/webhook/verdict.ts';
import type { DueDelivery, Recorded } from './deliveries.ts';
import type { Sql } from './sql.ts';

/** Nothing but failures for so long disables a subscription, as Svix does. */
const failingSpanMs = 5 * 24 * 3_600_000;
/**
 * Failures that are further apart say nothing of the time between them. Whatever waits is tried again within a day and
 * a fifth, so one that is down fails at least as often.
 */
const failingGapMs = 30 * 3_600_000;

/**
 * One statement. It locks the subscription before the delivery, as deleting does, and only where something about it
 * changes: what an endpoint that works answers is stored side by side.
 */
export async function recordAttempt(
  sql: Sql,
  { id, leaseToken, subscriptionId }: Pick<DueDelivery, 'id' | 'leaseToken' | 'subscriptionId'>,
  result: AttemptResult,
  { retryInMs, endpoint, isGone, pauseMs }: Omit<Verdict, 'isAlive'>,
): Promise<Recorded> {
  const status = result.outcome === 'success' ? 'delivered' : retryInMs === null ? 'failed' : 'pending';
  const span = sql`${failingSpanMs}::float8 * interval '1 millisecond'`;
  const pause = sql`${pauseMs}::float8 * interval '1 millisecond'`;
  const goesOn = sql`coalesce(last_failed_at > now() - ${failingGapMs}::float8 * interval '1 millisecond', false)`;
  const disables = sql`(enabled AND (${isGone}::boolean
    OR coalesce(failing_since <= now() - ${span} AND ${goesOn}, false)))`;
  const works = sql`
    failing_since = NULL,
    last_failed_at = NULL,
    -- An attempt from before the pause does not end it.
    paused_until = CASE WHEN paused_until > now() THEN paused_until END
    WHERE id = ${subscriptionId} AND (failing_since IS NOT NULL OR paused_until <= now())`;
  const fails = sql`
    failing_since = CASE WHEN ${goesOn} THEN coalesce(failing_since, now()) ELSE now() END,
    last_failed_at = now(),
    paused_until = CASE WHEN ${pauseMs > 0} THEN greatest(paused_until, now() + ${pause}) ELSE paused_until END,
    enabled = enabled AND NOT ${disables},
    disabled_reason = CASE WHEN ${disables} THEN ${isGone ? 'gone' : 'failing'} ELSE disabled_reason END,
    disabled_at = CASE WHEN ${disables} THEN now() ELSE disabled_at END,
    notice_due = notice_due OR ${disables}
    WHERE id = ${subscriptionId} AND deleted_at IS NULL
      AND (failing_since IS NULL OR failing_since <= now() - ${span} OR ${isGone || pauseMs > 0}
        -- To the hour is exact enough, and spares the row most writes.
        OR last_failed_at <= now() - interval '1 hour')`;
  const unchanged = sql`id = id WHERE false`;
  const [row] = await sql<Recorded[]>`
    WITH judged AS (
      UPDATE subscriptions SET ${endpoint === null ? unchanged : endpoint === 'works' ? works : fails}
      RETURNING id, CASE WHEN disabled_at = now() THEN disabled_reason END AS disabled
    ), settling AS (
      SELECT deliveries.id,
        -- A success is one whatever happened meanwhile; of a deleted subscription nothing is tried again.
        CASE WHEN ${status} = 'pending' AND (deliveries.status = 'cancelled' OR s.deleted_at IS NOT NULL)
          THEN 'cancelled' ELSE ${status} END AS status
      FROM deliveries JOIN subscriptions AS s ON s.id = deliveries.subscription_id
      WHERE deliveries.id = ${id} AND lease_token = ${leaseToken} AND (SELECT count(*) FROM judged) >= 0
    ), settled AS (
      UPDATE deliveries SET
        status = settling.status, lease_token = NULL, leased_until = NULL,
        settled_at = CASE WHEN settling.status <> 'pending' THEN now() END,
        next_attempt_at =
          CASE WHEN settling.status = 'pending' THEN now() + ${retryInMs}::float8 * interval '1 millisecond' END
      FROM settling WHERE deliveries.id = settling.id AND lease_token = ${leaseToken}
      RETURNING deliveries.id, subscription_id, subject_id, sequence, event, item, in_order, attempts,
        deliveries.status
    ), noted AS (
      UPDATE delivery_attempts SET
        outcome = ${result.outcome}, status_code = ${result.statusCode}, duration_ms = ${result.durationMs},
        error = ${result.error}, response = ${result.response}
      FROM settled WHERE delivery_id = settled.id AND number = settled.attempts
    ), follower AS (
      -- Only one that was put off behind it: what is in flight, or waits for a next try of its own, stays so.
      UPDATE deliveries SET next_attempt_at = now()
      WHERE status = 'pending' AND lease_token IS NULL AND attempts = attempts_before AND id = (
        SELECT later.id FROM settled JOIN deliveries AS later
          ON later.subscription_id = settled.subscription_id AND later.subject_id = settled.subject_id
        WHERE settled.status <> 'pending' AND settled.in_order AND later.status = 'pending' AND later.in_order
          AND (later.sequence, later.event, later.item) > (settled.sequence, settled.event, settled.item)
        ORDER BY later.sequence, later.event, later.item LIMIT 1
      )
      RETURNING id
    )
    SELECT EXISTS (SELECT FROM settled) AS stored, EXISTS (SELECT FROM follower) AS follower_due,
      (SELECT disabled FROM judged) AS disabled`;
  return row!;
}
