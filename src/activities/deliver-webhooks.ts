import type { AttemptResult } from '../domain/webhook/attempt.ts';
import { nextAttemptDelay } from '../domain/webhook/retry-schedule.ts';
import type { Logger } from '../logger.ts';
import { createEndpointSlots, type EndpointSlots, type SlotLimits } from '../outbound/endpoint-slots.ts';
import { dialects } from '../outbound/index.ts';
import { postTimeoutMs, type Post } from '../outbound/post.ts';
import { signatureHeaders } from '../outbound/signature.ts';
import type { DeliveryStore, DueDelivery } from '../stores/deliveries.ts';
import type { Ear } from '../stores/doorbell.ts';
import { persistently } from './persistently.ts';

export interface DeliverWebhooksDeps {
  deliveries: Pick<DeliveryStore, 'take' | 'record'>;
  post: Post;
  ear: Pick<Ear, 'wait' | 'ringHere'>;
  publicUrl: string;
  logger: Logger;
  /** How long one run works. */
  runMs?: number;
  limits?: SlotLimits;
  /** Longer than the post's timeout. */
  leaseMs?: number;
  now?: () => Date;
  /** From 0 to below 1. */
  random?: () => number;
}

export interface DeliverWebhooks {
  /**
   * Sends the due deliveries of one shard until its time is up or `signal` aborts. When its time is up, attempts in
   * flight go on without it, since waiting for a slow endpoint would hold up the others; the next run counts them.
   * After an abort it takes nothing more and returns when they are recorded. Throws when Postgres fails.
   */
  (shard: number, signal: AbortSignal, heartbeat: () => void): Promise<void>;
  /** Resolves when no attempt of this process is in flight. Before it, keep the database connections open. */
  settled(): Promise<void>;
}

const heartbeatMs = 1_000;
/** Pumps look every second even when nobody rings. */
const idleMs = 1_000;

export function createDeliverWebhooks(deps: DeliverWebhooksDeps): DeliverWebhooks {
  const { deliveries, post, ear, publicUrl, logger } = deps;
  const runMs = deps.runMs ?? 60_000;
  const limits = deps.limits ?? { total: 256, perEndpoint: 8 };
  const leaseMs = deps.leaseMs ?? postTimeoutMs + 5_000;
  const now = deps.now ?? (() => new Date());
  const random = deps.random ?? Math.random;
  const shards = new Map<number, { slots: EndpointSlots; attempts: Set<Promise<void>> }>();

  const stateOf = (shard: number) => {
    const state = shards.get(shard) ?? { slots: createEndpointSlots(limits), attempts: new Set<Promise<void>>() };
    shards.set(shard, state);
    return state;
  };

  const attempt = async (shard: number, slots: EndpointSlots, delivery: DueDelivery) => {
    let durationMs = Number.POSITIVE_INFINITY;
    let followerDue = false;
    try {
      const result = await send(delivery);
      durationMs = result.durationMs;
      followerDue = await record(delivery, result);
    } catch (error) {
      // The lease runs out and the delivery is sent again under the same id.
      logger.error({ err: error, deliveryId: delivery.id }, 'the outcome of a delivery could not be stored');
    } finally {
      const leftOut = slots.end(delivery.subscriptionId, durationMs);
      if (leftOut || followerDue) ear.ringHere('outbox', shard);
    }
  };

  const send = async (delivery: DueDelivery): Promise<AttemptResult> => {
    let request;
    try {
      request = compose(delivery, now(), publicUrl);
    } catch (error) {
      logger.error({ err: error, deliveryId: delivery.id }, 'a delivery could not be composed');
      return {
        outcome: 'internal_error',
        statusCode: null,
        durationMs: 0,
        error: 'could not be composed',
        response: null,
      };
    }
    return post(request);
  };

  const record = async (delivery: DueDelivery, result: AttemptResult): Promise<boolean> => {
    const retryInMs = result.outcome === 'success' ? null : nextAttemptDelay(delivery.attempts, random());
    const { stored, followerDue } = await persistently(() => deliveries.record(delivery, result, retryInMs));
    const { outcome, statusCode, durationMs } = result;
    logger.debug(
      { deliveryId: delivery.id, attempt: delivery.attempts, outcome, statusCode, durationMs },
      'webhook sent',
    );
    if (!stored) logger.warn({ deliveryId: delivery.id }, 'an attempt outlived its lease; its outcome is not stored');
    return followerDue;
  };

  const settle = async (attempts: Iterable<Promise<void>>) => {
    await Promise.all([...attempts]);
  };

  const run = async (shard: number, signal: AbortSignal, heartbeat: () => void) => {
    const { slots, attempts } = stateOf(shard);
    const endsAt = performance.now() + runMs;
    const beating = setInterval(heartbeat, heartbeatMs);
    try {
      while (!signal.aborted && performance.now() < endsAt) {
        let waitMs = idleMs;
        if (slots.free() > 0) {
          const taken = await deliveries.take(shard, { ...slots.offer(), leaseMs });
          slots.begin(taken.deliveries.map(({ subscriptionId }) => subscriptionId));
          for (const delivery of taken.deliveries) {
            const promise = attempt(shard, slots, delivery);
            attempts.add(promise);
            void promise.finally(() => attempts.delete(promise));
          }
          if (taken.more) continue;
          waitMs = Math.ceil(Math.min(idleMs, taken.nextDueInMs ?? idleMs));
        }
        await ear.wait('outbox', shard, waitMs, signal);
      }
      if (signal.aborted) await settle(attempts);
    } finally {
      clearInterval(beating);
    }
  };

  return Object.assign(run, {
    settled: () => settle([...shards.values()].flatMap(({ attempts }) => [...attempts])),
  });
}

/** Rendered and signed anew for each attempt: the id stays, the time is the attempt's. */
function compose(delivery: DueDelivery, at: Date, publicUrl: string) {
  const dialect = dialects[delivery.dialect];
  if (!dialect) throw new Error(`This release has no dialect ${delivery.dialect}`);
  const context = { deliveryId: delivery.id, attemptAt: at.toISOString(), publicUrl };
  const body = JSON.stringify(dialect.render(delivery.snapshot, context).body);
  const timestamp = Math.floor(at.getTime() / 1_000);
  return {
    url: delivery.url,
    body,
    headers: signatureHeaders({ id: delivery.id, timestamp, body }, delivery.secrets()),
  };
}
