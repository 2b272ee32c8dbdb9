import { describeDay, type CalendarDay } from '../domain/schedule/calendar.ts';
import { dayBounds, shiftBounds, startsOn } from '../domain/schedule/entry.ts';
import type { EntryVersion, Shift, Span } from '../domain/schedule/roster.ts';
import { createLocalClock, type LocalClock } from './local-clock.ts';

const msPerDay = 86_400_000;

/** The shifts of these entries within the span, clipped to it, one for each entry and day, in no order. */
export function* shiftsOf(versions: EntryVersion[], span: Span): Generator<Shift> {
  const clocks = new Map<string, LocalClock>();
  const days = new Map<number, CalendarDay>();

  for (const version of versions) {
    const since = Math.max(span.since, version.since);
    const until = Math.min(span.until, version.until);
    if (since >= until) continue;

    const clock = clocks.get(version.timeZone) ?? createLocalClock(version.timeZone, span.since, span.until);
    clocks.set(version.timeZone, clock);
    const [firstSecond, lastSecond] = shiftBounds(version);
    const [firstDay, lastDay] = dayBounds(version);
    // A shift that reaches into the span began on the day before at the earliest; a day more on each side, since a
    // clock that goes back over midnight shows the end of a day again after the next one began.
    const from = Math.max(firstDay, Math.floor(clock.wallAt(since) / msPerDay) - 2);
    const to = Math.min(lastDay, Math.floor(clock.wallAt(until) / msPerDay) + 1);
    for (let day = from; day <= to; day++) {
      const described = days.get(day) ?? describeDay(day);
      days.set(day, described);
      if (!startsOn(version, described)) continue;
      const midnight = day * msPerDay;
      const shift = {
        memberId: version.memberId,
        since: Math.max(since, clock.firstMomentOf(midnight + firstSecond * 1_000)),
        until: Math.min(until, clock.momentAfterLast(midnight + lastSecond * 1_000)),
      };
      if (shift.since < shift.until) yield shift;
    }
  }
}
