import { dialects } from '../../outbound/index.ts';
import type { RenderableDelivery } from '../../stores/delivery-reads.ts';

/**
 * The body of a delivery: what its last attempt sent, or what the first one will, but for its time. Null where the
 * subscription speaks a dialect by now that has no such event, or means something else by it.
 */
export function payloadOf(delivery: RenderableDelivery, publicUrl: string): Record<string, unknown> | null {
  const { id: deliveryId, event, item, snapshot, subscription, attempts, createdAt } = delivery;
  const dialect = dialects[delivery.dialect];
  if (!dialect) return null;
  const at = attempts.at(-1)?.startedAt ?? createdAt;
  const attemptAt = new Date(at).toISOString();
  try {
    return dialect.render(event, snapshot, { deliveryId, attemptAt, publicUrl, subscription, item }) as Record<
      string,
      unknown
    >;
  } catch {
    return null;
  }
}
