import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import { shardOf } from './doorbell.ts';
import type { Queryable } from './sql.ts';

/** A delivery that stands for no transition of an incident: a ping, an example, a change of a service, a membership. */
export interface OwnDelivery {
  /** UUID; also orders nothing but itself when `subjectId` is null. */
  id: string;
  subscriptionId: string;
  /** The dialect's name for it. */
  event: string;
  item: number;
  snapshot: OutboundSnapshot;
  /** What it is in order with; null: nothing. What is told of an incident besides its transitions follows what waits. */
  subjectId: string | null;
}

/** More than any incident has: what is told of it like this is a place of its own in its order. */
const afterTransitions = 2 ** 40;

/**
 * Stores deliveries that are due at once; one that stands already is left alone. Answers the shards to ring once the
 * transaction is committed.
 */
export async function insertOwnDeliveries(
  tx: Queryable,
  organisationId: string,
  deliveries: OwnDelivery[],
): Promise<number[]> {
  if (deliveries.length === 0) return [];
  const rows = deliveries.map((delivery) => ({ ...delivery, shard: shardOf(delivery.subscriptionId) }));
  await tx`
    INSERT INTO deliveries (
      id, organisation_id, subscription_id, subject_id, sequence, event, item, snapshot, shard, next_attempt_at, created_at)
    SELECT d.id, ${organisationId}, d."subscriptionId", coalesce(d."subjectId", d.id), ${afterTransitions} + nextval('delivery_sequence'),
      d.event, d.item, d.snapshot, d.shard, now(), now()
    FROM jsonb_to_recordset(${tx.json(rows as never)}::jsonb) AS d (
      id uuid, "subscriptionId" uuid, "subjectId" uuid, event text, item smallint, snapshot jsonb, shard smallint)
    ON CONFLICT (id) DO NOTHING`;
  return [...new Set(rows.map(({ shard }) => shard))];
}
