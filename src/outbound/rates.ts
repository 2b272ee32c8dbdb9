import { attemptsIn, type Bucket, fullBucket, msUntilNext, refilled, spent } from '../domain/webhook/rate-limit.ts';

/** Keeps endpoints that have a rate limit to it. One pump owns an endpoint, so what it sends is all there is. */
export interface Rates {
  /** Lowers what each endpoint may get to what its limit leaves; an endpoint that is not named may get one. */
  lower(allowances: Record<string, number>): Record<string, number>;
  /** Tells what was taken. `perSecond` null: without a limit. */
  took(endpointId: string, perSecond: number | null): void;
  /** Milliseconds until some endpoint that took all it was offered last may get more, 0: now; null: there is none. */
  nextInMs(): number | null;
}

/** An endpoint that was sent nothing for so long is forgotten: its bucket is full. */
const rememberedMs = 10_000;

/** `now`: milliseconds of a clock that is never set. */
export function createRates(now: () => number = () => performance.now()): Rates {
  /** `left`: of what it was offered last. */
  const buckets = new Map<string, { bucket: Bucket; perSecond: number; usedAt: number; left: number }>();

  const refill = () => {
    const at = now();
    for (const [id, state] of buckets) {
      if (at - state.usedAt > rememberedMs) buckets.delete(id);
      else state.bucket = refilled(state.bucket, state.perSecond, at);
    }
  };

  return {
    lower(allowances) {
      refill();
      const lowered = { ...allowances };
      for (const [id, state] of buckets) {
        state.left = attemptsIn(state.bucket);
        if (state.left < (allowances[id] ?? 1)) lowered[id] = state.left;
      }
      return lowered;
    },
    took(id, perSecond) {
      if (perSecond === null) return void buckets.delete(id);
      const at = now();
      const known = buckets.get(id);
      // Not refilled in between: what comes in while it is taken counts for the next.
      const bucket = known && known.perSecond === perSecond ? known.bucket : fullBucket(perSecond, at);
      buckets.set(id, { bucket: spent(bucket, 1), perSecond, usedAt: at, left: (known?.left ?? 1) - 1 });
    },
    nextInMs() {
      refill();
      const exhausted = [...buckets.values()].filter(({ left }) => left <= 0);
      const waits = exhausted.map(({ bucket, perSecond }) => msUntilNext(bucket, perSecond));
      return waits.length === 0 ? null : Math.min(...waits);
    },
  };
}
