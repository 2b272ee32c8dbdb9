import type { Context } from 'koa';
import { DetailedRefusal } from '../errors.ts';

/** So many requests of one caller in so many seconds. */
export interface RateLimitPolicy {
  name: string;
  quota: number;
  windowSeconds: number;
}

export interface RateLimitPolicies {
  apiKey: RateLimitPolicy;
  webhook: RateLimitPolicy;
  statusPage: RateLimitPolicy;
  /** Of one client's address. */
  wrongKeys: RateLimitPolicy;
}

/**
 * Ten minutes' worth may come at once. A key sustains 1,200 requests a minute; a webhook 60,000 events, above what one
 * process evaluates, since storms are what it is for. A status page is read 6,000 times a minute by whoever wants to, each
 * time a look at the database; who expects more puts a cache in front, as its answers allow. Wrong keys are guessed, or
 * sent by somebody who has not noticed that theirs is no more.
 */
export const defaultRateLimits: RateLimitPolicies = {
  apiKey: { name: 'api-key', quota: 12_000, windowSeconds: 600 },
  webhook: { name: 'webhook', quota: 600_000, windowSeconds: 600 },
  statusPage: { name: 'status-page', quota: 60_000, windowSeconds: 600 },
  wrongKeys: { name: 'wrong-keys', quota: 100, windowSeconds: 60 },
};

/** Counts a request of `caller` and says in the answer's headers how many are left. Throws `Refusal` when none is. */
export type RateLimit = (ctx: Context, caller: string) => void;

/** The problem type that goes with the headers. */
const quotaExceeded = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

/** Refuses a request beyond the quota; the next is taken after so many seconds. */
export class QuotaExceeded extends DetailedRefusal {
  readonly quota: number;
  readonly retryAfterSeconds: number;

  constructor(
    code: 'rate_limited' | 'unavailable',
    { name, quota, windowSeconds }: RateLimitPolicy,
    retryAfterSeconds: number,
  ) {
    super(
      code,
      `The quota ${name} of ${quota} requests in ${windowSeconds} seconds is used up. Try again in ${retryAfterSeconds} s.`,
      {
        members: { type: quotaExceeded, 'violated-policies': [name] },
        headers: { 'Retry-After': String(retryAfterSeconds) },
      },
    );
    this.quota = quota;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** More than the sums of a whole quota can be off by. */
const roundingMs = 0.5;

/** Callers kept in memory. One that has all its quota back is forgotten first. */
const mostCallers = 20_000;

/**
 * GCRA: a caller's quota fills up evenly, and one number a caller is all that is kept, in this process alone. `now` in
 * milliseconds, never going back. Headers and problem as draft-ietf-httpapi-ratelimit-headers-10 has them.
 */
export function createRateLimit(
  { name, quota, windowSeconds }: RateLimitPolicy,
  now: () => number = () => performance.now(),
  repeatsAfter5xxAlone: (ctx: Context, caller: string) => boolean = isAlertmanager,
): RateLimit {
  const policy = `"${name}";q=${quota};w=${windowSeconds}`;
  const windowMs = windowSeconds * 1_000;
  const intervalMs = windowMs / quota;
  /** When a caller will have all its quota back. */
  const fullAt = new Map<string, number>();

  return (ctx, caller) => {
    const at = now();
    const busyMs = Math.max(0, (fullAt.get(caller) ?? at) - at);
    const isRefused = busyMs + intervalMs > windowMs + roundingMs;
    const usedMs = isRefused ? busyMs : busyMs + intervalMs;
    if (!isRefused) {
      if (fullAt.size >= mostCallers && !fullAt.has(caller)) forget(at);
      fullAt.set(caller, at + usedMs);
    }
    const left = isRefused ? 0 : Math.max(0, Math.floor((windowMs - usedMs) / intervalMs + 0.001));
    // Until more comes when none is left, else until all is back.
    const untilMs = left === 0 ? usedMs + intervalMs - windowMs : usedMs;
    const seconds = Math.max(1, Math.ceil(untilMs / 1_000));
    ctx.set('RateLimit-Policy', policy);
    ctx.set('RateLimit', `"${name}";r=${left};t=${seconds}`);
    if (!isRefused) return;
    const code = repeatsAfter5xxAlone(ctx, caller) ? 'unavailable' : 'rate_limited';
    throw new QuotaExceeded(code, { name, quota, windowSeconds }, seconds);
  };

  function forget(at: number): void {
    for (const [caller, full] of fullAt) if (full <= at) fullAt.delete(caller);
    for (const caller of fullAt.keys()) {
      if (fullAt.size < mostCallers) break;
      fullAt.delete(caller);
    }
  }
}

/** Alertmanager gives a notification up at any 4xx and repeats it after a 5xx. */
export function isAlertmanager(ctx: Context): boolean {
  return /^Alertmanager\//i.test(ctx.get('User-Agent'));
}
