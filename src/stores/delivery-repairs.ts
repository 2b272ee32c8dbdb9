import { v7 as uuid } from 'uuid';
import type { Viewer } from '../domain/access/viewer.ts';
import { Refusal } from '../domain/error-code.ts';
import type { Dialect } from '../outbound/dialect.ts';
import { type Example, exampleOf } from '../outbound/example-snapshot.ts';
import { dialects } from '../outbound/index.ts';
import { type RecoveredRange, type Recovery, type RecoveringSubscription, recover } from './delivery-recovery.ts';
import { ringAtCommit, shardOf } from './doorbell.ts';
import { insertOwnDeliveries } from './own-deliveries.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { isVisibleDelivery } from './visibility.ts';

/**
 * What people do with deliveries by hand. Each is on its way as soon as the transaction is committed. For an id that is
 * unknown, or tells of an incident that the viewer may not see, they answer undefined; for a subscription that is disabled they throw `Refusal` `subscription_disabled`.
 */
export interface DeliveryRepairs {
  /**
   * Sends one again under its id, out of order, its schedule begun anew; answers false for an unknown one. Throws
   * `Refusal` `delivery_pending` while it has yet to be settled, `not_told` when its subscription speaks a dialect by
   * now that has no such event, or is told of private incidents no more.
   */
  resend(organisationId: string, id: string, viewer: Viewer, tx: Transaction): Promise<boolean>;
  /** What was given up, and what nothing was stored of, as far as the viewer may see it; see `recover`. */
  recover(
    organisationId: string,
    subscriptionId: string,
    range: RecoveredRange,
    viewer: Viewer,
    tx: Transaction,
  ): Promise<Recovery | undefined>;
  /** A delivery that tells nothing but that it arrived; answers its id. Without `tx` in a transaction of its own. */
  ping(organisationId: string, subscriptionId: string, tx?: Queryable): Promise<string | undefined>;
  /** A made-up one of an event of its dialect; answers its id. Throws for an event that the dialect does not have. */
  sendExample(
    organisationId: string,
    subscriptionId: string,
    event: string,
    tx: Queryable,
  ): Promise<string | undefined>;
}

export function createDeliveryRepairs(sql: Sql): DeliveryRepairs {
  const sendOwn = async (
    tx: Queryable,
    organisationId: string,
    subscriptionId: string,
    eventOf: (dialect: Dialect) => string,
  ): Promise<string | undefined> => {
    const subscription = await requireEnabled(tx, organisationId, subscriptionId);
    if (!subscription) return undefined;
    const id = uuid();
    const dialect = dialects[subscription.dialect]!;
    const event = eventOf(dialect);
    const example = await exampleFor(tx, organisationId, dialect, event);
    const shards = await insertOwnDeliveries(tx, organisationId, [
      { id, subscriptionId, event, ...example, subjectId: null },
    ]);
    await ringAtCommit(tx, 'outbox', shards);
    return id;
  };

  return {
    async resend(organisationId, id, viewer, tx) {
      const [delivery] = await tx<{ subscriptionId: string; event: string; isPrivate: boolean }[]>`
        SELECT d.subscription_id, d.event, i.visibility IS NOT DISTINCT FROM 'private' AS is_private
        FROM deliveries d LEFT JOIN incidents i ON i.organisation_id = d.organisation_id AND i.id = d.subject_id
        WHERE d.organisation_id = ${organisationId} AND d.id = ${id} AND ${isVisibleDelivery(tx, viewer, 'd')}`;
      const subscription = delivery && (await requireEnabled(tx, organisationId, delivery.subscriptionId));
      if (!subscription) return false;
      const { events, ping } = dialects[subscription.dialect]!;
      if (delivery.event !== ping && !Object.hasOwn(events, delivery.event))
        throw new Refusal('not_told', `The dialect ${subscription.dialect} has no event ${delivery.event}.`);
      if (delivery.isPrivate && !subscription.includesPrivate)
        throw new Refusal('not_told', 'The subscription is told of private incidents no more.');
      const [again] = await tx`
        UPDATE deliveries SET
          status = 'pending', in_order = false, attempts_before = attempts, next_attempt_at = now(), settled_at = NULL
        -- One that was tried and waits for its next try need not wait for it.
        WHERE organisation_id = ${organisationId} AND id = ${id}
          AND (status <> 'pending' OR lease_token IS NULL AND attempts > attempts_before AND next_attempt_at > now())
        RETURNING id`;
      if (!again) throw new Refusal('delivery_pending', 'It waits for its first attempt, or is on its way.');
      await ringAtCommit(tx, 'outbox', [shardOf(delivery.subscriptionId)]);
      return true;
    },

    async recover(organisationId, subscriptionId, range, viewer, tx) {
      const subscription = await requireEnabled(tx, organisationId, subscriptionId);
      if (!subscription) return undefined;
      const recovery = await recover(tx, organisationId, subscription, range, viewer);
      await ringAtCommit(tx, 'outbox', [shardOf(subscriptionId)]);
      return recovery;
    },

    async ping(organisationId, subscriptionId, tx) {
      const send = (open: Queryable) => sendOwn(open, organisationId, subscriptionId, ({ ping }) => ping);
      return tx ? send(tx) : sql.begin(send);
    },

    sendExample: (organisationId, subscriptionId, event, tx) =>
      sendOwn(tx, organisationId, subscriptionId, () => event),
  };
}

/** It is neither changed nor deleted until the transaction ends. */
async function requireEnabled(
  tx: Queryable,
  organisationId: string,
  id: string,
): Promise<RecoveringSubscription | undefined> {
  const [row] = await tx<(RecoveringSubscription & { enabled: boolean })[]>`
    SELECT id, dialect, events, includes_private, created_at, enabled FROM subscriptions
    WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR KEY SHARE`;
  if (row && !row.enabled)
    throw new Refusal('subscription_disabled', 'Nothing is sent to a disabled subscription. Enable it first.');
  return row;
}

/** Of the default team, so that the only thing in it that exists is the receiver's own. */
async function exampleFor(tx: Queryable, organisationId: string, dialect: Dialect, event: string): Promise<Example> {
  const [row] = await tx<{ setting: Omit<Parameters<typeof exampleOf>[2], 'now'> }[]>`
    SELECT jsonb_build_object(
      'organisation', jsonb_build_object('id', o.id, 'name', o.name),
      'team', jsonb_build_object('id', t.id, 'number', t.number, 'name', t.name)) AS setting
    FROM organisations o JOIN teams t ON t.organisation_id = o.id AND t.id = o.default_team_id
    WHERE o.id = ${organisationId}`;
  if (!row) throw new Error(`Organisation ${organisationId} has no default team`);
  return exampleOf(dialect, event, { ...row.setting, now: new Date().toISOString() });
}
