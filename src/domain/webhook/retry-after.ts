const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const httpDate = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;

/**
 * Milliseconds that a `Retry-After` header asks for: whole seconds, or an HTTP date as RFC 9110 §5.6.7 has senders write
 * it, 0 when that is past. Undefined for whatever else: a guess would be worse than our own schedule. `now`: in
 * milliseconds since 1970.
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1_000;
  const [, day, name, year, hours, minutes, seconds] = httpDate.exec(text) ?? [];
  const month = months.indexOf(name ?? '');
  if (month === -1) return undefined;
  const at = Date.UTC(Number(year), month, Number(day), Number(hours), Number(minutes), Number(seconds));
  return Math.max(0, at - now);
}
