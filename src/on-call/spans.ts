import type { Span } from '../domain/schedule/roster.ts';

/** Joins what overlaps or touches; sorted. `join` says what becomes of the two when they are made one. */
export function mergeSpans<T extends Span>(spans: T[], join: (into: T, from: T) => void = () => {}): T[] {
  const merged: T[] = [];
  for (const span of spans.toSorted((a, b) => a.since - b.since)) {
    const last = merged.at(-1);
    if (last && span.since <= last.until) {
      last.until = Math.max(last.until, span.until);
      join(last, span);
    } else merged.push({ ...span });
  }
  return merged;
}

/** What of `whole` no span covers. The spans are sorted and apart, as `mergeSpans` leaves them. */
export function gapsIn(whole: Span, covered: Span[]): Span[] {
  const gaps: Span[] = [];
  let since = whole.since;
  for (const span of covered) {
    if (span.until <= since) continue;
    if (span.since >= whole.until) break;
    if (span.since > since) gaps.push({ since, until: span.since });
    since = span.until;
  }
  if (since < whole.until) gaps.push({ since, until: whole.until });
  return gaps;
}
