import type { Urgency } from '../domain/incident/incident.ts';
import type { EntryVersion, Span } from '../domain/schedule/roster.ts';
import type { SupportHours, UrgencyChange } from '../domain/schedule/support-hours.ts';
import { shiftsOf } from './shifts.ts';
import { mergeSpans } from './spans.ts';

const msPerDay = 86_400_000;
/** Longer than any pause of hours that come every week. */
const lookAheadMs = 15 * msPerDay;

/** The urgency at an instant (ms). */
export function urgencyAt(hours: SupportHours, at: number): Urgency {
  return spansOf(hours, { since: at, until: at + 1 }).length > 0 ? hours.urgency : hours.otherwise;
}

/** The instants after `at` (ms) at which the urgency changes, up to `most`; empty when it never does. */
export function urgencyChangesAfter(hours: SupportHours, at: number, most: number): UrgencyChange[] {
  const changes: UrgencyChange[] = [];
  for (let since = at; changes.length < most; since += lookAheadMs) {
    const until = since + lookAheadMs;
    const found = spansOf(hours, { since, until }).flatMap((span): [number, Urgency][] => [
      [span.since, hours.urgency],
      [span.until, hours.otherwise],
    ]);
    // An end of the span looked at is none of the hours, unless the next span begins elsewhere.
    const within = found.filter(([moment]) => moment > since && moment < until);
    changes.push(...within.map(([moment, to]) => ({ at: new Date(moment).toISOString(), to })));
    if (isBoundary(hours, until)) changes.push({ at: new Date(until).toISOString(), to: urgencyAt(hours, until) });
    if (within.length === 0) break;
  }
  return changes.slice(0, most);
}

function isBoundary(hours: SupportHours, at: number): boolean {
  return urgencyAt(hours, at - 1) !== urgencyAt(hours, at);
}

function spansOf({ timeZone, weekDays, startTime, endTime }: SupportHours, span: Span): Span[] {
  const hours: EntryVersion = {
    memberId: '',
    timeZone,
    since: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
    startDate: null,
    endDate: null,
    monthsOfYear: [],
    weeksOfMonth: [],
    weekDays,
    startTime,
    endTime,
  };
  return mergeSpans<Span>([...shiftsOf([hours], span)]);
}
