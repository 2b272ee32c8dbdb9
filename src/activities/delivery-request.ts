import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import { deliveryHeaders } from '../outbound/delivery-headers.ts';
import { hopsHeader } from '../outbound/hops.ts';
import { dialects } from '../outbound/index.ts';
import type { PostRequest } from '../outbound/post.ts';
import type { DueDelivery } from '../stores/deliveries.ts';

/** How many of our own requests lie behind what a delivery tells of. */
export function hopsBehind(snapshot: OutboundSnapshot): number {
  return snapshot.kind === undefined ? (snapshot.hops ?? 0) : 0;
}

/**
 * One attempt's request, rendered and signed anew: the id stays, the time is the attempt's. Throws when this release
 * has no such dialect, or SECRET_KEY is not the one that sealed what it takes.
 */
export function deliveryRequest(delivery: DueDelivery, at: Date, publicUrl: string): PostRequest {
  const dialect = dialects[delivery.dialect];
  if (!dialect) throw new Error(`This release has no dialect ${delivery.dialect}`);
  const { id, event, item, snapshot, subscription, timeoutMs } = delivery;
  const context = { deliveryId: id, attemptAt: at.toISOString(), publicUrl, subscription, item };
  const body = JSON.stringify(dialect.render(event, snapshot, context));
  const message = { id, timestamp: Math.floor(at.getTime() / 1_000), body };
  const terms = { dialect, subscriptionId: subscription.id, secrets: delivery.secrets(), custom: delivery.headers() };
  return {
    url: subscription.url,
    body,
    timeoutMs,
    headers: { ...deliveryHeaders(message, terms), [hopsHeader]: String(hopsBehind(snapshot) + 1) },
  };
}
