import type { AttemptResult } from '../domain/webhook/attempt.ts';
import type { Verdict } from '../domain/webhook/verdict.ts';
import type { DueDelivery, Recorded } from './deliveries.ts';
import type { Sql } from './sql.ts';

/** Nothing but failures for so long disables a subscription, as Svix does. */
const failingSpanMs = 5 * 24 * 3_600_000;

/**
 * One statement. It locks the subscription before the delivery, as deleting does, and only where something about it
 * changes: what an endpoint that works answers is stored side by side.
 */
export async function recordAttempt(
  sql: Sql,
  { id, leaseToken, subscriptionId }: Pick<DueDelivery, 'id' | 'leaseToken' | 'subscriptionId'>,
  result: AttemptResult,
  { retryInMs, endpoint, isGone, pauseMs }: Verdict,
): Promise<Recorded> {
  const status = result.outcome === 'success' ? 'delivered' : retryInMs === null ? 'failed' : 'pending';
  const span = sql`${failingSpanMs}::float8 * interval '1 millisecond'`;
  const pause = sql`${pauseMs}::float8 * interval '1 millisecond'`;
  // A failure long ago with nothing since says little: it is forgotten after twice the span.
  const disables = sql`(enabled AND (${isGone}::boolean
    OR coalesce(failing_since <= now() - ${span} AND failing_since > now() - 2 * ${span}, false)))`;
  const works = sql`
    failing_since = NULL,
    -- An attempt from before the pause does not end it.
    paused_until = CASE WHEN paused_until > now() THEN paused_until END
    WHERE id = ${subscriptionId} AND (failing_since IS NOT NULL OR paused_until <= now())`;
  const fails = sql`
    failing_since = CASE WHEN failing_since > now() - 2 * ${span} THEN failing_since ELSE now() END,
    paused_until = CASE WHEN ${pauseMs > 0} THEN greatest(paused_until, now() + ${pause}) ELSE paused_until END,
    enabled = enabled AND NOT ${disables},
    disabled_reason = CASE WHEN ${disables} THEN ${isGone ? 'gone' : 'failing'} ELSE disabled_reason END,
    disabled_at = CASE WHEN ${disables} THEN now() ELSE disabled_at END,
    notice_due = notice_due OR ${disables}
    WHERE id = ${subscriptionId} AND deleted_at IS NULL
      AND (failing_since IS NULL OR failing_since <= now() - ${span} OR ${isGone || pauseMs > 0})`;
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
      UPDATE deliveries SET next_attempt_at = now()
      WHERE id = (
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
