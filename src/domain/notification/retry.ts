const second = 1_000;
const minute = 60 * second;

/** Milliseconds before each attempt after the first. Who is paged must know soon, so it is over in a quarter of an hour. */
export const notificationRetries: readonly number[] = [5 * second, 30 * second, 2 * minute, 10 * minute];

/** Milliseconds until the next attempt when `attemptsMade` were made; null: it is given up. */
export function nextNotificationDelay(attemptsMade: number): number | null {
  return notificationRetries[attemptsMade - 1] ?? null;
}
