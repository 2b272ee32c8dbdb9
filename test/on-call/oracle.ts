import type { EffectiveOverride, EntryVersion, Roster, Span } from '../../src/domain/schedule/roster.ts';

/** What a zone's wall clock shows, second by second, over a window of time; read off `Intl`, nothing else. */
export interface WallTable {
  since: number;
  until: number;
  step: number;
  /** Seconds since 1970-01-01T00:00 on the wall, at `since + index * step`. */
  shown: Float64Array;
  /** The latest time the wall has shown until then, and the earliest it will show from then on. */
  latestSoFar: Float64Array;
  earliestToCome: Float64Array;
}

const margin = 3 * 86_400_000;

/** `step` is a second or a minute, in milliseconds. */
export function readWall(timeZone: string, since: number, until: number, step: 1_000 | 60_000): WallTable {
  const from = since - margin;
  const minutes = (until + margin - from) / 60_000;
  const perMinute = 60_000 / step;
  const shown = new Float64Array(minutes * perMinute);
  // Extremes of the whole minute, so that a table of minutes misses no second.
  const high = new Float64Array(shown.length);
  const low = new Float64Array(shown.length);
  const format = new Intl.DateTimeFormat('sv', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  // Swedish writes 2024-03-31 03:00:00.
  const wallAt = (at: number) => Date.parse(`${format.format(at).replace(' ', 'T')}Z`) / 1_000;
  for (let minute = 0; minute < minutes; minute++) {
    const first = wallAt(from + minute * 60_000);
    for (let index = 0; index < perMinute; index++) {
      const at = minute * perMinute + index;
      // No zone has changed its clocks within a minute since 1972.
      shown[at] = first + index * (step / 1_000);
      low[at] = shown[at]!;
      high[at] = shown[at]! + step / 1_000 - 1;
    }
  }
  const latestSoFar = new Float64Array(shown.length);
  const earliestToCome = new Float64Array(shown.length);
  for (let index = 0, latest = -Infinity; index < shown.length; index++) {
    latestSoFar[index] = Math.max(latest, shown[index]!);
    latest = Math.max(latest, high[index]!);
  }
  for (let index = shown.length - 1, earliest = Infinity; index >= 0; index--)
    earliestToCome[index] = earliest = Math.min(earliest, low[index]!);

  const skip = margin / step;
  const inside = (table: Float64Array) => table.slice(skip, table.length - skip);
  return {
    since,
    until,
    step,
    shown: inside(shown),
    latestSoFar: inside(latestSoFar),
    earliestToCome: inside(earliestToCome),
  };
}

/**
 * Who is on call at each moment of the table: sorted member ids, joined by blanks. A shift covers a moment when the
 * wall has shown its first second by then and will yet show its last: that is all of the rule, with no case for clocks
 * that change.
 */
export function lookUpOnCall({ versions, overrides, members }: Roster, wall: WallTable): string[] {
  // A bit for each version that has somebody on duty, and for each override in force.
  const situations = new Uint32Array(wall.shown.length);
  const within = (at: number, { since, until }: Span) => since <= at && at < until;
  for (const [number, version] of versions.entries())
    for (const [first, last] of shiftsOn(wall, version)) {
      let index = wall.latestSoFar.findIndex((latest) => latest >= first);
      for (; index >= 0 && index < situations.length && wall.earliestToCome[index]! <= last; index++)
        if (within(wall.since + index * wall.step, version)) situations[index]! |= 1 << number;
    }
  for (const [number, override] of overrides.entries())
    for (let index = 0; index < situations.length; index++)
      if (within(wall.since + index * wall.step, override)) situations[index]! |= 1 << (number + versions.length);

  // And one for each member who is there.
  const people = [...members.values()];
  const shift = versions.length + overrides.length;
  for (const [number, { until }] of people.entries())
    for (let index = 0; index < situations.length; index++)
      if (wall.since + index * wall.step < until) situations[index]! |= 1 << (number + shift);

  const answers = new Map<number, string>();
  return Array.from(situations, (situation) => {
    const known = answers.get(situation);
    if (known !== undefined) return known;
    const onDuty = versions.filter((_, number) => situation & (1 << number));
    const there = new Set(people.filter((_, number) => situation & (1 << (number + shift))).map(({ id }) => id));
    const inForce = overrides.filter((_, number) => situation & (1 << (number + versions.length)));
    const answer = override([...new Set(onDuty.map(({ memberId }) => memberId))], inForce, there).join(' ');
    answers.set(situation, answer);
    return answer;
  });
}

/** First and last wall second of every shift that could matter. */
function shiftsOn({ shown }: WallTable, version: EntryVersion): [number, number][] {
  const [start, end] = [version.startTime, version.endTime].map((time) => {
    const [hours, minutes, seconds] = time.split(':').map(Number) as [number, number, number];
    return hours * 3_600 + minutes * 60 + seconds;
  }) as [number, number];
  const found: [number, number][] = [];
  const to = Math.floor(shown.at(-1)! / 86_400) + 3;
  for (let day = Math.floor(shown[0]! / 86_400) - 3; day <= to; day++)
    if (begins(version, new Date(day * 86_400_000)))
      found.push([day * 86_400 + start, (end <= start ? day + 1 : day) * 86_400 + end]);
  return found;
}

function begins(version: EntryVersion, date: Date): boolean {
  const text = date.toISOString().slice(0, 10);
  if (version.startDate !== null && text < version.startDate) return false;
  if (version.endDate !== null && text > version.endDate) return false;
  const { monthsOfYear, weeksOfMonth, weekDays } = version;
  if (!weekDays.includes(date.getUTCDay())) return false;
  if (monthsOfYear.length > 0 && !monthsOfYear.includes(date.getUTCMonth() + 1)) return false;
  if (weeksOfMonth.length === 0) return true;
  // All days of the month with this weekday, written down: its place among them, counted from both ends.
  const alike: number[] = [];
  for (let day = 1; day <= 31; day++) {
    const other = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day));
    if (other.getUTCMonth() === date.getUTCMonth() && other.getUTCDay() === date.getUTCDay()) alike.push(day);
  }
  const place = alike.indexOf(date.getUTCDate());
  return weeksOfMonth.some((week) => place === (week > 0 ? week - 1 : alike.length + week));
}

/** At one moment: duties as the lists of all who held them, the last one being who does. */
function override(scheduled: string[], overrides: EffectiveOverride[], there: Set<string>): string[] {
  const duties = scheduled.map((memberId) => [memberId]);
  for (const { memberId, replacesMemberId } of overrides) {
    if (!there.has(memberId)) continue;
    if (replacesMemberId === null && duties.length === 0) duties.push([]);
    for (const duty of duties) if (replacesMemberId === null || duty.includes(replacesMemberId)) duty.push(memberId);
  }
  const held = duties.map((duty) => duty.at(-1)!).filter((memberId) => there.has(memberId));
  return [...new Set(held)].sort();
}
