import type { PageMessage } from '../domain/notification/message.ts';
import { nextNotificationDelay } from '../domain/notification/retry.ts';
import type { Logger } from '../logger.ts';
import { sendTimeoutMs, type SendResult } from '../notify/channel.ts';
import type { Channels } from '../notify/index.ts';
import { createEndpointSlots, type EndpointSlots, type SlotLimits } from '../outbound/endpoint-slots.ts';
import type { Ear } from '../stores/doorbell.ts';
import type { LinkTokens } from '../stores/link-tokens.ts';
import type { DueNotification, NotificationQueue, NotificationToSend } from '../stores/notification-queue.ts';
import { mailEndpoint } from '../stores/notifications.ts';
import { persistently } from './persistently.ts';
import type { PumpRound } from './pump.ts';

export interface SendNotificationsDeps {
  queue: NotificationQueue;
  channels: Pick<Channels, 'send'>;
  links: Pick<LinkTokens, 'make'>;
  ear: Pick<Ear, 'wait' | 'ringHere'>;
  /** Without a trailing slash. */
  publicUrl: string;
  logger: Logger;
  /** How long one run works. */
  runMs?: number;
  limits?: SlotLimits;
  /** Longer than an attempt can last. */
  leaseMs?: number;
  now?: () => Date;
}

export type SendNotifications = PumpRound & {
  /** Resolves when no attempt of this process is in flight. Before it, keep the database connections open. */
  settled(): Promise<void>;
};

const heartbeatMs = 1_000;
/** Pumps look every second even when nobody rings. */
const idleMs = 1_000;
/** A link acts for a day. */
const linkValidityMs = 86_400_000;

/**
 * Sends the due notifications of one shard, as `createDeliverWebhooks` does deliveries: at least once, under an id that
 * every attempt shares, and what hangs leaves room for the rest.
 */
export function createSendNotifications(deps: SendNotificationsDeps): SendNotifications {
  const { queue, channels, links, ear, publicUrl, logger } = deps;
  const runMs = deps.runMs ?? 60_000;
  const limits = deps.limits ?? { total: 64, perEndpoint: 8 };
  const leaseMs = deps.leaseMs ?? sendTimeoutMs + 5_000;
  const now = deps.now ?? (() => new Date());
  const shards = new Map<number, { slots: EndpointSlots; attempts: Set<Promise<void>> }>();

  const stateOf = (shard: number) => {
    const state = shards.get(shard) ?? { slots: createEndpointSlots(limits), attempts: new Set<Promise<void>>() };
    shards.set(shard, state);
    return state;
  };

  const attempt = async (shard: number, slots: EndpointSlots, due: DueNotification) => {
    let tookMs = Number.POSITIVE_INFINITY;
    try {
      const wanted = await queue.begin(due);
      const result = wanted ? await send(due, wanted) : null;
      tookMs = paceOf(due, result);
      if (result) await record(due, result);
    } catch (error) {
      // The lease runs out and it is sent again under the same id.
      logger.error({ err: error, notificationId: due.id }, 'a notification is left for another attempt');
    } finally {
      if (slots.end({ endpointId: due.endpointId }, tookMs)) ear.ringHere('notifications', shard);
    }
  };

  const send = async (due: DueNotification, wanted: NotificationToSend): Promise<SendResult> => {
    const at = now();
    let target;
    try {
      target = wanted.target();
    } catch (error) {
      logger.error({ err: error, notificationId: due.id }, 'a notification could not be composed');
      return { error: 'it could not be composed', durationMs: 0 };
    }
    return channels.send(target, composed(due.id, wanted, at), at);
  };

  const composed = (id: string, wanted: NotificationToSend, at: Date): PageMessage => {
    const { organisationId, incidentId, memberId, memberName, reason, snapshot } = wanted;
    const expiresAt = new Date(at.getTime() + linkValidityMs);
    const linkTo = (purpose: 'acknowledge' | 'resolve') =>
      `${publicUrl}/link/${links.make({ organisationId, incidentId, memberId, purpose, expiresAt })}`;
    const both = { acknowledge: linkTo('acknowledge'), resolve: linkTo('resolve') };
    return { kind: 'page', id, reason, memberName, snapshot, links: both };
  };

  const record = async (due: DueNotification, { error, durationMs }: SendResult) => {
    const retryInMs = error === null ? null : nextNotificationDelay(due.attempts);
    const isStored = await persistently(() => queue.record(due, error, retryInMs));
    logger.debug({ notificationId: due.id, attempt: due.attempts, error, durationMs }, 'notification tried');
    if (!isStored) logger.warn({ notificationId: due.id }, 'an attempt outlived its lease; its outcome is not stored');
  };

  const settle = async (attempts: Iterable<Promise<void>>) => {
    await Promise.all([...attempts]);
  };

  const run: PumpRound = async (shard, signal, heartbeat) => {
    const { slots, attempts } = stateOf(shard);
    const endsAt = performance.now() + runMs;
    const beating = setInterval(heartbeat, heartbeatMs);
    try {
      while (!signal.aborted && performance.now() < endsAt) {
        let waitMs = idleMs;
        if (slots.free() > 0) {
          const { notifications, nextDueInMs } = await queue.take(shard, { ...slots.offer(), leaseMs });
          slots.begin(notifications.map(({ endpointId }) => ({ endpointId })));
          for (const due of notifications) {
            const promise = attempt(shard, slots, due);
            attempts.add(promise);
            void promise.finally(() => attempts.delete(promise));
          }
          waitMs = Math.ceil(Math.min(idleMs, nextDueInMs ?? idleMs));
        }
        await ear.wait('notifications', shard, waitMs, signal);
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

/** How long an attempt took, as its endpoint is judged by. */
function paceOf({ endpointId }: DueNotification, result: SendResult | null): number {
  if (result === null) return 0;
  // A mail takes a connection and a login: the server is fine as long as it takes mail at all.
  if (endpointId === mailEndpoint) return result.error === null ? 0 : Number.POSITIVE_INFINITY;
  return result.durationMs;
}
