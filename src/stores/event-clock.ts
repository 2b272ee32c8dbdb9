import { performance } from 'node:perf_hooks';

/** A step back of the host's clock by more than this is followed; a smaller one is waited out. */
const toleranceMicros = 1_000_000;

/** Times with microseconds, each later than the one before, so that events of a webhook can be told apart. */
export function createEventClock(
  nowMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => string {
  let last = 0;
  return () => {
    // Date.now() has milliseconds; the monotonic clock's fraction keeps processes from meeting on round ones.
    const micros = nowMs() * 1_000 + Math.floor((monotonicMs() * 1_000) % 1_000);
    last = micros > last || micros < last - toleranceMicros ? micros : last + 1;
    const seconds = new Date(Math.floor(last / 1_000_000) * 1_000).toISOString().slice(0, 19);
    const fraction = String(last % 1_000_000).padStart(6, '0');
    // As `isoFromPostgres` writes it, so that the answer to a request and later lists say the same.
    return `${seconds}.${fraction.endsWith('000') ? fraction.slice(0, 3) : fraction}Z`;
  };
}
