import { Temporal } from 'temporal-polyfill';

/** Converts between moments (ms since 1970 UTC) and wall time (ms since 1970-01-01T00:00 on the wall) of one zone. */
export interface LocalClock {
  wallAt(moment: number): number;
  /** The first moment at which the wall shows this time. Where clocks jump over it, the moment of the jump. */
  firstMomentOf(wall: number): number;
  /** The moment right after the wall shows this second for the last time. Jumped over: the moment of the jump. */
  momentAfterLast(wallSecond: number): number;
}

/** A stretch of time with one offset. */
interface Stretch {
  since: number;
  until: number;
  offset: number;
}

/** No zone's clock is further from UTC, or jumps further, than this; shifts begin at most a day before. */
const margin = 4 * 86_400_000;

/**
 * A clock for the moments from `since` to `until` and the shifts that touch them.
 *
 * A wall time that comes twice stands for its first occurrence where a shift starts and for its last where one ends,
 * and one that never comes for the moment clocks jump over it. So two shifts that follow each other on the wall may
 * overlap when clocks go back, but never leave a moment to nobody. (Temporal's own `earlier`, `later` and
 * `compatible` shift a skipped time by the length of the gap, which would open one.)
 */
export function createLocalClock(timeZone: string, since: number, until: number): LocalClock {
  const stretches = stretchesOf(timeZone, since - margin, until + margin);

  return {
    wallAt: (moment) => moment + stretches.find((stretch) => moment < stretch.until)!.offset,

    firstMomentOf(wall) {
      for (const { since, until, offset } of stretches) {
        // Later than the stretch reaches: look on. Before it begins: the clocks jumped over it.
        if (wall - offset < until) return Math.max(wall - offset, since);
      }
      throw new RangeError('The wall time lies outside the clock.');
    },

    momentAfterLast(wallSecond) {
      const after = wallSecond + 1_000;
      for (const { since, until, offset } of stretches.toReversed()) {
        if (wallSecond - offset >= since) return Math.min(after - offset, until);
      }
      throw new RangeError('The wall time lies outside the clock.');
    },
  };
}

/** Offsets are asked for at each change only, not day by day: that is what keeps a year of shifts cheap. */
function stretchesOf(timeZone: string, since: number, until: number): Stretch[] {
  const stretches: Stretch[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(since).toZonedDateTimeISO(timeZone);
  for (let begin = -Infinity; ;) {
    const change = at.getTimeZoneTransition('next');
    const end = change && change.epochMilliseconds <= until ? change.epochMilliseconds : Infinity;
    stretches.push({ since: begin, until: end, offset: at.offsetNanoseconds / 1_000_000 });
    if (end === Infinity) return stretches;
    begin = end;
    at = change!;
  }
}
