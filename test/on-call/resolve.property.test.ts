import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EffectiveOverride, EntryVersion, Roster, Span } from '../../src/domain/schedule/roster.ts';
import { membersOnCallAt, resolveOnCall, type OnCall } from '../../src/on-call/resolve.ts';
import { lookUpOnCall, readWall, type WallTable } from './oracle.ts';

const hours = (count: number) => count * 3_600_000;
const days = (count: number) => count * hours(24);

/** Days on which each zone's clocks change, both ways. */
const zones: Record<string, string[]> = {
  'Europe/Berlin': ['2024-03-31', '2024-10-27'],
  'America/New_York': ['2026-03-08', '2026-11-01'],
  // Half an hour only.
  'Australia/Lord_Howe': ['2026-04-05', '2026-10-04'],
  // 30 December 2011 never was.
  'Pacific/Apia': ['2011-12-30', '2011-04-02', '2011-09-24'],
  // At one minute past midnight, into the day before.
  'America/St_Johns': ['2005-10-30', '2005-04-03'],
  // At midnight: the day began at one, and the day before had its last hour twice.
  'America/Sao_Paulo': ['2018-11-04', '2018-02-18'],
  // Never: a leap day instead.
  UTC: ['2024-02-29'],
  'Asia/Kolkata': ['2024-02-29'],
};

const memberIds = ['ada', 'ben', 'cyd', 'gone'];

describe('on-call resolution, against an oracle that looks at every moment', () => {
  for (const [timeZone, changeDays] of Object.entries(zones)) {
    it(`agrees second by second on the days when clocks change in ${timeZone}`, function () {
      this.timeout(120_000);
      const windows = changeDays.map((day) => {
        const noon = Date.parse(`${day}T12:00:00Z`);
        return { timeZone, wall: readWall(timeZone, noon - hours(30), noon + hours(30), 1_000) };
      });
      assertAgreement(windows, 18);
    });
  }

  it('agrees minute by minute over months with a leap day, a fifth week, a 31st and the turn of a year', function () {
    this.timeout(120_000);
    const windows = [
      ['Europe/Berlin', '2024-02-01'],
      ['America/New_York', '2026-10-01'],
      ['Australia/Lord_Howe', '2026-03-01'],
      ['Pacific/Apia', '2011-12-01'],
      ['Asia/Kolkata', '1999-12-01'],
    ].map(([timeZone, day]) => {
      const since = Date.parse(`${day}T00:00:00Z`);
      return { timeZone: timeZone!, wall: readWall(timeZone!, since, since + days(62), 60_000) };
    });
    assertAgreement(windows, 40);
  });
});

/** A failure names its seed; give it to `fc.assert` to see the same again. */
function assertAgreement(windows: { timeZone: string; wall: WallTable }[], numRuns: number): void {
  const cases = fc.constantFrom(...windows.keys()).chain((index) => {
    const { timeZone, wall } = windows[index]!;
    return fc.record({ index: fc.constant(index), roster: rosters(timeZone, wall) });
  });
  fc.assert(
    fc.property(cases, ({ index, roster }) => compare(roster, windows[index]!.wall)),
    { numRuns },
  );
}

/** Everything that is said of the span, moment by moment, is what the oracle saw. */
function compare(roster: Roster, wall: WallTable): void {
  const resolved = resolveOnCall(roster, wall);
  assertWellFormed(resolved, wall);
  const onCall = marks(resolved.shifts, wall, ({ memberId }) => memberId);
  const inGap = marks(resolved.gaps, wall, () => 'gap');
  const inOverlap = marks(resolved.overlaps, wall, ({ memberIds }) => memberIds.join(' '));

  const expected = lookUpOnCall(roster, wall);
  for (const [index, seen] of expected.entries()) {
    const several = seen.includes(' ');
    const isRight =
      onCall[index]! === seen &&
      (inGap[index] === 'gap') === (seen === '') &&
      (inOverlap[index] !== '') === several &&
      (!several || seen.split(' ').every((id) => inOverlap[index]!.includes(id)));
    if (isRight) continue;
    const said = { onCall: onCall[index], gap: inGap[index], overlap: inOverlap[index] };
    assert.fail(`${new Date(wall.since + index * wall.step).toISOString()}: ${JSON.stringify(said)}, not "${seen}"`);
  }
  // A moment asked for alone says the same as the whole span.
  for (let index = 0; index < expected.length; index += Math.ceil(expected.length / 20))
    assert.equal(membersOnCallAt(roster, wall.since + index * wall.step).join(' '), expected[index]);
}

/** The names of the spans that cover each moment of the table, sorted, joined by blanks. */
function marks<T extends Span>(spans: T[], { since, step, shown }: WallTable, nameOf: (span: T) => string): string[] {
  const found = new Array<string>(shown.length).fill('');
  const named = spans.map((span) => ({ ...span, name: nameOf(span) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const span of named) {
    const end = Math.min(shown.length, Math.ceil((span.until - since) / step));
    for (let index = Math.ceil((span.since - since) / step); index < end; index++)
      found[index] = found[index] === '' ? span.name : `${found[index]} ${span.name}`;
  }
  return found;
}

function assertWellFormed({ shifts, gaps, overlaps }: OnCall, { since, until }: Span): void {
  for (const span of [...shifts, ...gaps, ...overlaps])
    assert.ok(since <= span.since && span.since < span.until && span.until <= until, 'clipped, and not empty');
  for (const spans of [shifts, gaps, overlaps]) {
    const starts = spans.map((span) => span.since);
    assert.deepEqual(
      starts,
      starts.toSorted((a, b) => a - b),
      'sorted',
    );
  }
  for (const id of memberIds) {
    const own = shifts.filter(({ memberId }) => memberId === id);
    for (let index = 1; index < own.length; index++) assert.ok(own[index - 1]!.until < own[index]!.since, 'merged');
  }
}

function rosters(timeZone: string, wall: WallTable): fc.Arbitrary<Roster> {
  const moment = fc.integer({ min: wall.since, max: wall.until });
  const versions = fc.array(entryVersions(timeZone, moment), { minLength: 1, maxLength: 5 });
  const overrides = fc.array(
    fc
      .record({
        memberId: fc.constantFrom(...memberIds),
        replacesMemberId: fc.option(fc.constantFrom(...memberIds)),
        between: fc.tuple(moment, moment),
      })
      .map(({ between: [a, b], ...rest }): EffectiveOverride => {
        return { ...rest, since: Math.min(a, b), until: Math.max(a, b) + 1 };
      }),
    { maxLength: 4 },
  );
  // `gone` is no member at all; another may have been deleted.
  const members = fc.tuple(fc.constantFrom('ada', 'ben'), fc.option(moment)).map(([deleted, at]) => {
    const untilOf = (id: string) => (id === deleted ? (at ?? Infinity) : Infinity);
    return new Map(memberIds.slice(0, 3).map((id) => [id, { id, name: id, until: untilOf(id) }]));
  });
  return fc.record({ versions, overrides, members });
}

function entryVersions(timeZone: string, moment: fc.Arbitrary<number>): fc.Arbitrary<EntryVersion> {
  const date = moment.map((at) => new Date(at).toISOString().slice(0, 10));
  const everyDay = fc.constant<number[]>([0, 1, 2, 3, 4, 5, 6]);
  const someOf = (from: number[], minLength: number) => fc.subarray(from, { minLength });
  const longLived = fc.constant<[number, number]>([-Infinity, Infinity]);
  const edited = fc.tuple(moment, moment).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
  return fc
    .record({
      memberId: fc.constantFrom(...memberIds),
      timeZone: fc.constant(timeZone),
      dates: fc.tuple(fc.option(date, { freq: 2 }), fc.option(date, { freq: 2 })),
      monthsOfYear: fc.oneof(
        { arbitrary: fc.constant<number[]>([]), weight: 3 },
        { arbitrary: someOf([1, 2, 3, 4, 9, 10, 11, 12], 0), weight: 1 },
      ),
      weeksOfMonth: fc.oneof(
        { arbitrary: fc.constant<number[]>([]), weight: 2 },
        { arbitrary: someOf([1, 2, 3, 4, 5, -1, -2, -3, -4, -5], 0), weight: 2 },
        { arbitrary: fc.constantFrom<number[]>([5], [-5], [5, -5]), weight: 1 },
      ),
      weekDays: fc.oneof(everyDay, someOf([0, 1, 2, 3, 4, 5, 6], 1)),
      startTime: timesOfDay,
      endTime: timesOfDay,
      valid: fc.oneof({ arbitrary: longLived, weight: 3 }, { arbitrary: edited, weight: 1 }),
    })
    .map(({ dates: [a, b], valid: [since, until], ...rest }) => {
      const [startDate, endDate] = a !== null && b !== null && a > b ? [b, a] : [a, b];
      return { ...rest, startDate, endDate, since, until };
    });
}

/** Any second of the day; most often one that clocks jump over or show twice, or right beside. */
const timesOfDay = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      ...['00:00:00', '00:00:30', '00:00:59', '00:01:00', '00:59:59', '01:00:00', '01:29:59', '01:30:00', '01:45:10'],
      ...['01:59:59', '02:00:00', '02:15:30', '02:29:59', '02:30:00', '02:59:59', '03:00:00', '03:30:00', '04:00:00'],
      ...['12:00:00', '22:59:59', '23:00:00', '23:01:00', '23:30:00', '23:59:58', '23:59:59'],
    ),
    weight: 3,
  },
  {
    arbitrary: fc
      .integer({ min: 0, max: 86_399 })
      .map((second) => new Date(second * 1_000).toISOString().slice(11, 19)),
    weight: 1,
  },
);
