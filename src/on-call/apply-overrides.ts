import type { EffectiveOverride, Shift, Span } from '../domain/schedule/roster.ts';
import { gapsIn, mergeSpans } from './spans.ts';

/** A stretch of time through which the same overrides hold, the oldest first. */
interface Segment extends Span {
  overrides: EffectiveOverride[];
}

/**
 * Puts overrides, the oldest first, over the shifts that the schedule makes within the span, so that the last created
 * wins. One that replaces a member takes that member's duties, whoever fills them in the meantime; one that replaces
 * nobody takes every duty and the time in which there is none.
 */
export function applyOverrides(shifts: Shift[], overrides: EffectiveOverride[], span: Span): Shift[] {
  if (overrides.length === 0) return shifts;
  const segments = segmentsOf(overrides, span);
  const result: Shift[] = [];

  let reached = 0;
  for (const shift of shifts.toSorted((a, b) => a.since - b.since)) {
    while (segments[reached]!.until <= shift.since) reached++;
    for (let index = reached; index < segments.length && segments[index]!.since < shift.until; index++) {
      const { overrides, since, until } = segments[index]!;
      const memberId = holderOf(shift.memberId, overrides)!;
      result.push({ memberId, since: Math.max(shift.since, since), until: Math.min(shift.until, until) });
    }
  }

  const covered = mergeSpans<Span>(shifts);
  for (const segment of segments) {
    const memberId = holderOf(null, segment.overrides);
    if (memberId !== null) for (const gap of gapsIn(segment, covered)) result.push({ memberId, ...gap });
  }
  return result;
}

function segmentsOf(overrides: EffectiveOverride[], span: Span): Segment[] {
  const edges = overrides.flatMap(({ since, until }) => [since, until]);
  const inside = edges.filter((edge) => edge > span.since && edge < span.until);
  const cuts = [...new Set([span.since, ...inside, span.until])].sort((a, b) => a - b);
  return cuts.slice(1).map((until, index) => {
    const since = cuts[index]!;
    return {
      since,
      until,
      overrides: overrides.filter((override) => override.since < until && override.until > since),
    };
  });
}

/** Who fills the duty of a member in the end, or the time in which nobody has one (null). */
function holderOf(scheduled: string | null, overrides: EffectiveOverride[]): string | null {
  if (overrides.length === 0) return scheduled;
  const holders = new Set<string | null>([scheduled]);
  let holder = scheduled;
  for (const { memberId, replacesMemberId } of overrides) {
    if (replacesMemberId !== null && !holders.has(replacesMemberId)) continue;
    holder = memberId;
    holders.add(memberId);
  }
  return holder;
}
