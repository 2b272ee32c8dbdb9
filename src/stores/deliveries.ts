import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import type { AttemptResult } from '../domain/webhook/attempt.ts';
import type { Verdict } from '../domain/webhook/verdict.ts';
import type { Offer } from '../outbound/endpoint-slots.ts';
import { recordAttempt } from './record-attempt.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';
import { takeDeliveries } from './take-deliveries.ts';

/** A delivery under a lease, with all it takes to send it. */
export interface DueDelivery {
  id: string;
  leaseToken: string;
  organisationId: string;
  subscriptionId: string;
  /** Null for one that stands for no transition of an incident. */
  incidentId: string | null;
  /** The dialect's name for what happened, and which of several payloads of it this is. */
  event: string;
  item: number;
  /** Attempts begun, this one included. */
  attempts: number;
  /** Those of them that belong to an earlier schedule: it was sent again by hand after them. */
  attemptsBefore: number;
  dialect: string;
  /** Where it goes, as its subscription is now. */
  subscription: { id: string; name: string; description: string; url: string };
  timeoutMs: number;
  /** Attempts a second that its subscription may get; null: as many as it takes. */
  rateLimit: number | null;
  /** It was sent after a pause, to see whether the endpoint is back. */
  isProbe: boolean;
  /** The subscription's own headers; throws as `secrets` does. */
  headers(): Record<string, string>;
  /** Opens the signing secrets, the present one first; throws when SECRET_KEY is not the one that sealed them. */
  secrets(): string[];
  snapshot: OutboundSnapshot;
}

export interface TakeOptions extends Offer {
  /** How long a lease outlasts the timeout of its subscription: when it runs out, the delivery is due again. */
  leaseMarginMs: number;
}

export interface Taken {
  deliveries: DueDelivery[];
  /** More may be due already than was looked at. */
  more: boolean;
  /** More is due, and may go when attempts that are in flight have ended. */
  leftOut: boolean;
  /** Milliseconds until the next row of this shard comes due, or the next pause ends; null when none waits. */
  nextDueInMs: number | null;
}

export interface Recorded {
  stored: boolean;
  followerDue: boolean;
  disabled: DisabledReason | null;
}

/** Why we disabled a subscription ourselves. */
export type DisabledReason = 'gone' | 'failing';

export interface DeliveryStore {
  take(shard: number, options: TakeOptions): Promise<Taken>;
  /**
   * Stores the outcome while the lease stands, and what the verdict says of the delivery. A lease that was lost stores
   * nothing of it. `followerDue`: the next of the same incident may go now. What it says of the endpoint is stored either
   * way: since when it fails, how long it is paused, and that it is disabled, once, as gone or after five days
   * of nothing but failures; its pending deliveries wait then until it is enabled again. `disabled`: this outcome did that.
   */
  record(
    delivery: Pick<DueDelivery, 'id' | 'leaseToken' | 'subscriptionId'>,
    result: AttemptResult,
    verdict: Omit<Verdict, 'isAlive'>,
  ): Promise<Recorded>;
}

/** For pumps, which serve all organisations; every row they answer names its own. */
export function createDeliveryStore(sql: Sql, sealer: Sealer): DeliveryStore {
  return {
    take: (shard, options) => takeDeliveries(sql, sealer, shard, options),
    record: (delivery, result, verdict) => recordAttempt(sql, delivery, result, verdict),
  };
}
