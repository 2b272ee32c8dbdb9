import assert from 'node:assert/strict';
import { Temporal } from 'temporal-polyfill';
import { createLocalClock } from '../../src/on-call/local-clock.ts';

/** What a shift's first and last second, as the wall shows them, stand for. */
function boundsOf(timeZone: string, first: string, last: string): [string, string] {
  const wall = (text: string) => Date.parse(`${text}Z`);
  const clock = createLocalClock(timeZone, wall(first), wall(last));
  const iso = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z');
  return [iso(clock.firstMomentOf(wall(first))), iso(clock.momentAfterLast(wall(last)))];
}

describe('on-call/local-clock', () => {
  const cases: [zone: string, first: string, last: string, since: string, until: string, why: string][] = [
    ['UTC', '2024-03-31T02:30:00', '2024-03-31T02:59:59', '2024-03-31T02:30:00Z', '2024-03-31T03:00:00Z', 'no changes'],
    ['Asia/Kolkata', '2024-03-31T02:30:00', '2024-03-31T02:59:59', '2024-03-30T21:00:00Z', '2024-03-30T21:30:00Z', ''],
    // Berlin, 31 March 2024: 02:00 → 03:00 at 01:00Z.
    [
      'Europe/Berlin',
      '2024-03-31T02:30:00',
      '2024-03-31T05:59:59',
      '2024-03-31T01:00:00Z',
      '2024-03-31T04:00:00Z',
      'gap',
    ],
    [
      'Europe/Berlin',
      '2024-03-30T22:00:00',
      '2024-03-31T02:29:59',
      '2024-03-30T21:00:00Z',
      '2024-03-31T01:00:00Z',
      'gap',
    ],
    [
      'Europe/Berlin',
      '2024-03-31T02:10:00',
      '2024-03-31T02:50:00',
      '2024-03-31T01:00:00Z',
      '2024-03-31T01:00:00Z',
      'gap',
    ],
    [
      'Europe/Berlin',
      '2024-03-31T00:00:00',
      '2024-03-31T23:59:59',
      '2024-03-30T23:00:00Z',
      '2024-03-31T22:00:00Z',
      '23 h',
    ],
    // 27 October 2024: 03:00 → 02:00 at 01:00Z.
    [
      'Europe/Berlin',
      '2024-10-27T02:30:00',
      '2024-10-27T05:59:59',
      '2024-10-27T00:30:00Z',
      '2024-10-27T05:00:00Z',
      'first',
    ],
    [
      'Europe/Berlin',
      '2024-10-26T22:00:00',
      '2024-10-27T02:29:59',
      '2024-10-26T20:00:00Z',
      '2024-10-27T01:30:00Z',
      'last',
    ],
    [
      'Europe/Berlin',
      '2024-10-26T22:00:00',
      '2024-10-27T01:59:59',
      '2024-10-26T20:00:00Z',
      '2024-10-27T00:00:00Z',
      'once',
    ],
    [
      'Europe/Berlin',
      '2024-10-27T00:00:00',
      '2024-10-27T23:59:59',
      '2024-10-26T22:00:00Z',
      '2024-10-27T23:00:00Z',
      '25 h',
    ],
    // Half an hour: 02:00 → 02:30 on 4 October, 02:00 → 01:30 on 5 April 2026.
    [
      'Australia/Lord_Howe',
      '2026-10-04T02:15:00',
      '2026-10-04T02:29:59',
      '2026-10-03T15:30:00Z',
      '2026-10-03T15:30:00Z',
      '',
    ],
    [
      'Australia/Lord_Howe',
      '2026-04-05T01:45:00',
      '2026-04-05T01:45:00',
      '2026-04-04T14:45:00Z',
      '2026-04-04T15:15:01Z',
      '',
    ],
    // 30 December 2011 was skipped: what fell on it is empty, what reached into the 31st begins with it.
    ['Pacific/Apia', '2011-12-30T08:00:00', '2011-12-30T19:59:59', '2011-12-30T10:00:00Z', '2011-12-30T10:00:00Z', ''],
    ['Pacific/Apia', '2011-12-29T20:00:00', '2011-12-30T07:59:59', '2011-12-30T06:00:00Z', '2011-12-30T10:00:00Z', ''],
    ['Pacific/Apia', '2011-12-30T20:00:00', '2011-12-31T07:59:59', '2011-12-30T10:00:00Z', '2011-12-30T18:00:00Z', ''],
    // 00:01 → 23:01 of the day before.
    [
      'America/St_Johns',
      '2005-10-30T00:00:00',
      '2005-10-30T00:00:59',
      '2005-10-30T02:30:00Z',
      '2005-10-30T03:31:00Z',
      '',
    ],
    ['Europe/Berlin', '1970-01-01T00:00:00', '1970-01-01T23:59:59', '1969-12-31T23:00:00Z', '1970-01-01T23:00:00Z', ''],
    ['Europe/Berlin', '9999-10-31T02:30:00', '9999-10-31T02:30:00', '9999-10-31T00:30:00Z', '9999-10-31T01:30:01Z', ''],
  ];
  for (const [zone, first, last, since, until, why] of cases)
    it(`${zone}: ${first} to ${last.slice(11)}${why && `, ${why}`}`, () => {
      assert.deepEqual(boundsOf(zone, first, last), [since, until]);
    });

  it('leaves no moment between a second and the next one on the wall, where Temporal itself would', () => {
    const gaps: string[] = [];
    for (const [zone, day] of [
      ['Europe/Berlin', '2024-03-31'],
      ['Europe/Berlin', '2024-10-27'],
      ['Australia/Lord_Howe', '2026-10-04'],
      ['Pacific/Apia', '2011-12-30'],
    ] as const) {
      for (let minute = 0; minute < 1_440; minute++) {
        const wall = Date.parse(`${day}T00:00:00Z`) + minute * 60_000;
        const clock = createLocalClock(zone, wall, wall);
        assert.ok(clock.firstMomentOf(wall) <= clock.momentAfterLast(wall - 1_000), `${zone} ${minute}`);

        const plain = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime();
        const start = plain.toZonedDateTime(zone).epochMilliseconds;
        const end = plain.subtract({ seconds: 1 }).toZonedDateTime(zone).epochMilliseconds + 1_000;
        if (start > end) gaps.push(`${zone} ${plain.toString()}`);
      }
    }
    assert.ok(gaps.includes('Europe/Berlin 2024-10-27T03:00:00'));
  });
});
