import type { AttemptResult } from '../domain/webhook/attempt.ts';
import { judge } from '../domain/webhook/verdict.ts';
import type { Logger } from '../logger.ts';
import { type Circuits, createCircuits } from '../outbound/circuits.ts';
import { createEndpointSlots, type EndpointSlots, type SlotLimits } from '../outbound/endpoint-slots.ts';
import { leadsToWebhook, mostHops } from '../outbound/hops.ts';
import type { Post } from '../outbound/post.ts';
import { createRates, type Rates } from '../outbound/rates.ts';
import { WrongEvent } from '../outbound/stands-for.ts';
import { withoutSecrets } from '../outbound/without-secrets.ts';
import type { DeliveryStore, DueDelivery } from '../stores/deliveries.ts';
import type { Ear } from '../stores/doorbell.ts';
import { deliveryRequest, hopsBehind } from './delivery-request.ts';
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
  /** How long a lease outlasts the subscription's timeout. */
  leaseMarginMs?: number;
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
/** Retries that come due one after the other are taken together. */
const gatherMs = 10;
/** A worker that is told to stop is killed after 30 s: what hangs for longer than this is left for another attempt. */
const drainMs = 12_000;

/** What a pump remembers of its shard from run to run. */
interface ShardState {
  slots: EndpointSlots;
  rates: Rates;
  circuits: Circuits;
  attempts: Set<Promise<void>>;
}

export function createDeliverWebhooks(deps: DeliverWebhooksDeps): DeliverWebhooks {
  const { deliveries, post, ear, publicUrl, logger } = deps;
  const runMs = deps.runMs ?? 60_000;
  const limits = deps.limits ?? { total: 256, perEndpoint: 8 };
  const leaseMarginMs = deps.leaseMarginMs ?? 5_000;
  const now = deps.now ?? (() => new Date());
  const random = deps.random ?? Math.random;
  const shards = new Map<number, ShardState>();

  const stateOf = (shard: number): ShardState => {
    const known = shards.get(shard);
    if (known) return known;
    const state = {
      slots: createEndpointSlots(limits),
      rates: createRates(),
      circuits: createCircuits(),
      attempts: new Set<Promise<void>>(),
    };
    shards.set(shard, state);
    return state;
  };

  const attempt = async (shard: number, { slots, circuits }: ShardState, delivery: DueDelivery) => {
    const { subscriptionId, organisationId } = delivery;
    let durationMs = Number.POSITIVE_INFINITY;
    let followerDue = false;
    try {
      const result = await send(delivery);
      durationMs = result.durationMs;
      followerDue = await record(circuits, delivery, result);
    } catch (error) {
      // The lease runs out and the delivery is sent again under the same id.
      logger.error({ err: error, deliveryId: delivery.id }, 'the outcome of a delivery could not be stored');
    } finally {
      // One that is paused is probed with a single attempt, however promptly it refuses.
      const tookMs = circuits.isOpen(subscriptionId) ? Number.POSITIVE_INFINITY : durationMs;
      const leftOut = slots.end({ endpointId: subscriptionId, organisationId }, tookMs);
      if (leftOut || followerDue) ear.ringHere('outbox', shard);
    }
  };

  const send = async (delivery: DueDelivery): Promise<AttemptResult> => {
    if (hopsBehind(delivery.snapshot) >= mostHops && leadsToWebhook(delivery.subscription.url))
      return unsent('loop', loopError);
    let request;
    try {
      request = deliveryRequest(delivery, now(), publicUrl);
    } catch (error) {
      if (error instanceof WrongEvent)
        return { ...unsent('internal_error', `not sent: ${error.message}`), isFinal: true };
      logger.error({ err: error, deliveryId: delivery.id }, 'a delivery could not be composed');
      return unsent('internal_error', 'could not be composed');
    }
    const result = await post(request);
    if (result.response === null) return result;
    return { ...result, response: withoutSecrets(result.response, Object.values(delivery.headers())) };
  };

  const record = async (circuits: Circuits, delivery: DueDelivery, result: AttemptResult): Promise<boolean> => {
    const { id, subscriptionId, attempts, attemptsBefore, isProbe } = delivery;
    const verdict = judge({ result, attemptsMade: attempts - attemptsBefore, random: random() });
    const { endpoint, isAlive } = verdict;
    const pauseMs =
      endpoint === null ? 0 : circuits.ended(subscriptionId, { succeeded: isAlive, isProbe, pauseMs: verdict.pauseMs });
    const recorded = await persistently(() => deliveries.record(delivery, result, { ...verdict, pauseMs }));
    if (pauseMs > 0) circuits.stored(subscriptionId);
    const { outcome, statusCode, durationMs } = result;
    logger.debug({ deliveryId: id, attempt: attempts, outcome, statusCode, durationMs }, 'webhook sent');
    if (!recorded.stored) logger.warn({ deliveryId: id }, 'an attempt outlived its lease; its outcome is not stored');
    if (pauseMs > 0)
      logger.info({ subscriptionId, pauseMs, outcome, statusCode }, 'an endpoint is left alone for a while');
    if (outcome === 'loop') logger.warn({ deliveryId: id, subscriptionId }, 'a webhook leads back to itself');
    if (recorded.disabled !== null)
      logger.warn({ subscriptionId, reason: recorded.disabled, outcome, statusCode }, 'a subscription was disabled');
    return recorded.followerDue;
  };

  /** Takes what may go now and begins it; answers how long to wait for more, 0: not at all. */
  const takeAndBegin = async (shard: number, state: ShardState): Promise<number> => {
    const { slots, rates, circuits, attempts } = state;
    if (slots.free() === 0) return idleMs;
    const lookedAt = performance.now();
    const offer = slots.offer();
    const allowances = rates.lower(offer.allowances);
    const taken = await deliveries.take(shard, { ...offer, allowances, leaseMarginMs });
    const begun = taken.deliveries.map(({ subscriptionId, organisationId }) => ({
      endpointId: subscriptionId,
      organisationId,
    }));
    slots.begin(begun, taken.leftOut);
    for (const delivery of taken.deliveries) {
      rates.took(delivery.subscriptionId, delivery.rateLimit);
      circuits.began(delivery.subscriptionId, lookedAt);
      const promise = attempt(shard, state, delivery);
      attempts.add(promise);
      void promise.finally(() => attempts.delete(promise));
    }
    if (taken.more) return 0;
    const nextMs = Math.min(taken.nextDueInMs ?? idleMs, rates.nextInMs() ?? idleMs);
    return Math.min(idleMs, Math.max(gatherMs, Math.ceil(nextMs)));
  };

  const run = async (shard: number, signal: AbortSignal, heartbeat: () => void) => {
    const state = stateOf(shard);
    const endsAt = performance.now() + runMs;
    const beating = setInterval(heartbeat, heartbeatMs);
    try {
      while (!signal.aborted && performance.now() < endsAt) {
        const waitMs = await takeAndBegin(shard, state);
        if (waitMs > 0) await ear.wait('outbox', shard, waitMs, signal);
      }
      if (signal.aborted) await settle(state.attempts);
    } finally {
      clearInterval(beating);
    }
  };

  return Object.assign(run, {
    settled: () => settle([...shards.values()].flatMap(({ attempts }) => [...attempts])),
  });
}

const loopError = `not sent: ${mostHops} of our own requests lead to the event that opened this incident, so this webhook seems to lead back to itself; let its receiver send us no event for it, or let no ruleset take that event`;

function unsent(outcome: 'loop' | 'internal_error', error: string): AttemptResult {
  return { outcome, statusCode: null, durationMs: 0, error, response: null };
}

async function settle(attempts: Iterable<Promise<void>>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs);
  });
  await Promise.race([Promise.all([...attempts]), late]).finally(() => clearTimeout(timer));
}
