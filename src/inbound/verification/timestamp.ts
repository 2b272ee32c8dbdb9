/** A request signed longer ago than this may be one that somebody recorded; the sender's clock may also be ahead. */
export const toleranceSeconds = 300;

/** Null when `text` is a moment in seconds since 1970 close to `now` (ms); else what is wrong with header `name`. */
export function timestampProblem(name: string, text: string, now: number): string | null {
  if (!/^\d{1,12}$/.test(text)) return `${name} is not a time in seconds since 1970`;
  const distance = Number(text) - Math.floor(now / 1_000);
  if (Math.abs(distance) <= toleranceSeconds) return null;
  return `${name} is more than ${toleranceSeconds} seconds ${distance < 0 ? 'old' : 'ahead'}`;
}
