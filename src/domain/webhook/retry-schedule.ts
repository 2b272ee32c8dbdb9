const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * Milliseconds before each attempt, as Standard Webhooks advises: ten attempts in about three days. The first goes
 * at once.
 */
export const retrySchedule: readonly number[] = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** Each delay is spread by this share to both sides, so that a receiver which comes back is not met by all at once. */
export const retryJitter = 0.2;

/**
 * Milliseconds until the next attempt when `attemptsMade` were made, or null when the schedule is exhausted.
 * `random` is from 0 to below 1 and places the delay between 80 % and 120 % of the scheduled one.
 */
export function nextAttemptDelay(attemptsMade: number, random: number): number | null {
  const delay = retrySchedule[attemptsMade];
  return delay === undefined ? null : Math.round(delay * (1 - retryJitter + 2 * retryJitter * random));
}
