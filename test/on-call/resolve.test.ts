import assert from 'node:assert/strict';
import type { EffectiveOverride, EntryVersion, Roster } from '../../src/domain/schedule/roster.ts';
import { membersOnCallAt, mostShifts, resolveOnCall, TooManyShifts } from '../../src/on-call/resolve.ts';

const at = (text: string) => Date.parse(`2026-06-${text}:00Z`);
const iso = (moment: number) => new Date(moment).toISOString().slice(8, 16);

function entry(memberId: string, startTime: string, endTime: string, rest: Partial<EntryVersion> = {}): EntryVersion {
  return {
    memberId,
    timeZone: 'UTC',
    startDate: null,
    endDate: null,
    monthsOfYear: [],
    weeksOfMonth: [],
    weekDays: [0, 1, 2, 3, 4, 5, 6],
    startTime,
    endTime,
    since: -Infinity,
    until: Infinity,
    ...rest,
  };
}

function override(memberId: string, replaces: string | null, since: string, until: string): EffectiveOverride {
  return { memberId, replacesMemberId: replaces, since: at(since), until: at(until) };
}

function roster(versions: EntryVersion[], overrides: EffectiveOverride[] = [], deleted: string[] = []): Roster {
  const ids = [...versions, ...overrides].map(({ memberId }) => memberId).filter((id) => !deleted.includes(id));
  return { versions, overrides, members: new Map(ids.map((id) => [id, { id, name: id, until: Infinity }])) };
}

function resolved(given: Roster, since: string, until: string) {
  const { shifts, gaps, overlaps } = resolveOnCall(given, { since: at(since), until: at(until) });
  return {
    shifts: shifts.map(({ memberId, since, until }) => `${memberId} ${iso(since)}–${iso(until)}`),
    gaps: gaps.map(({ since, until }) => `${iso(since)}–${iso(until)}`),
    overlaps: overlaps.map(({ memberIds, since, until }) => `${memberIds.join('+')} ${iso(since)}–${iso(until)}`),
  };
}

const dayAndNight = [entry('ada', '08:00:00', '19:59:59'), entry('ben', '20:00:00', '07:59:59')];

describe('on-call/resolve', () => {
  it('clips shifts to the span and leaves no gap between those that follow each other', () => {
    assert.deepEqual(resolved(roster(dayAndNight), '01T12:00', '02T12:00'), {
      shifts: ['ada 01T12:00–01T20:00', 'ben 01T20:00–02T08:00', 'ada 02T08:00–02T12:00'],
      gaps: [],
      overlaps: [],
    });
  });

  it('makes one shift of what touches', () => {
    const allDay = roster([entry('ada', '00:00:00', '23:59:59')]);
    assert.deepEqual(resolved(allDay, '01T12:00', '09T12:00').shifts, ['ada 01T12:00–09T12:00']);
  });

  it('marks gaps and overlaps', () => {
    const given = roster([
      entry('ada', '08:00:00', '11:59:59'),
      entry('ben', '10:00:00', '13:59:59'),
      entry('cyd', '11:00:00', '11:29:59'),
      // Begins when Ben ends: no overlap.
      entry('dan', '14:00:00', '14:59:59'),
    ]);
    assert.deepEqual(resolved(given, '01T00:00', '02T00:00'), {
      shifts: ['ada 01T08:00–01T12:00', 'ben 01T10:00–01T14:00', 'cyd 01T11:00–01T11:30', 'dan 01T14:00–01T15:00'],
      gaps: ['01T00:00–01T08:00', '01T15:00–02T00:00'],
      overlaps: ['ada+ben+cyd 01T10:00–01T12:00'],
    });
    assert.deepEqual(membersOnCallAt(given, at('01T11:59')), ['ada', 'ben']);
    assert.deepEqual(membersOnCallAt(given, at('01T07:59')), []);
  });

  it('answers with the version that was in force', () => {
    const moved = at('01T12:00');
    const given = roster([
      entry('ada', '00:00:00', '23:59:59', { until: moved }),
      entry('ben', '00:00:00', '23:59:59', { since: moved }),
    ]);
    assert.deepEqual(resolved(given, '01T00:00', '02T00:00').shifts, [
      'ada 01T00:00–01T12:00',
      'ben 01T12:00–02T00:00',
    ]);
    assert.deepEqual(membersOnCallAt(given, moved - 1), ['ada']);
    assert.deepEqual(membersOnCallAt(given, moved), ['ben']);
  });

  it('lets an override take everything, also where nobody is on call', () => {
    const given = roster([entry('ada', '08:00:00', '11:59:59')], [override('eve', null, '01T10:00', '01T13:00')]);
    assert.deepEqual(resolved(given, '01T00:00', '02T00:00'), {
      shifts: ['ada 01T08:00–01T10:00', 'eve 01T10:00–01T13:00'],
      gaps: ['01T00:00–01T08:00', '01T13:00–02T00:00'],
      overlaps: [],
    });
  });

  it('lets an override take the duties of one member alone', () => {
    const given = roster(dayAndNight, [override('eve', 'ben', '01T12:00', '02T00:00')]);
    assert.deepEqual(resolved(given, '01T12:00', '02T12:00').shifts, [
      'ada 01T12:00–01T20:00',
      'eve 01T20:00–02T00:00',
      'ben 02T00:00–02T08:00',
      'ada 02T08:00–02T12:00',
    ]);
  });

  it('lets the last created override win, inside another and instead of one who stands in', () => {
    const winner = (...overrides: EffectiveOverride[]) =>
      resolved(roster([entry('ada', '00:00:00', '23:59:59')], overrides), '01T00:00', '01T06:00').shifts;
    assert.deepEqual(
      winner(override('eve', null, '01T00:00', '01T06:00'), override('fay', null, '01T02:00', '01T04:00')),
      ['eve 01T00:00–01T02:00', 'fay 01T02:00–01T04:00', 'eve 01T04:00–01T06:00'],
    );
    const whole = ['01T00:00', '01T06:00'] as const;
    assert.deepEqual(winner(override('fay', null, '01T02:00', '01T04:00'), override('eve', null, ...whole)), [
      'eve 01T00:00–01T06:00',
    ]);
    // Both for Ada.
    assert.deepEqual(winner(override('eve', 'ada', ...whole), override('fay', 'ada', ...whole)), [
      'fay 01T00:00–01T06:00',
    ]);
    // Eve stands in for Ada, Fay for Eve.
    assert.deepEqual(winner(override('eve', 'ada', ...whole), override('fay', 'eve', ...whole)), [
      'fay 01T00:00–01T06:00',
    ]);
    // Eve has no duty that Fay could take.
    assert.deepEqual(winner(override('fay', 'eve', ...whole), override('eve', 'ada', ...whole)), [
      'eve 01T00:00–01T06:00',
    ]);
  });

  it('never names a deleted member, but keeps whoever stands in for one', () => {
    const covered = [override('eve', 'ada', '01T10:00', '01T12:00'), override('gil', null, '01T12:00', '01T14:00')];
    assert.deepEqual(resolved(roster(dayAndNight, covered, ['ada', 'gil']), '01T08:00', '01T21:00'), {
      shifts: ['eve 01T10:00–01T12:00', 'ben 01T20:00–01T21:00'],
      gaps: ['01T08:00–01T10:00', '01T12:00–01T20:00'],
      overlaps: [],
    });
  });

  it('belongs to its start day, also at the ends of its dates', () => {
    const night = entry('ada', '22:00:00', '05:59:59', { startDate: '2026-06-01', endDate: '2026-06-02' });
    assert.deepEqual(resolved(roster([night]), '01T00:00', '05T00:00').shifts, [
      'ada 01T22:00–02T06:00',
      'ada 02T22:00–03T06:00',
    ]);
    const fridays = entry('ada', '22:00:00', '05:59:59', { weekDays: [5] });
    assert.deepEqual(resolved(roster([fridays]), '06T03:00', '06T23:00').shifts, ['ada 06T03:00–06T06:00']);
  });

  it('finds a shift of the day before yesterday when clocks go back over midnight', () => {
    // St. John's, 30 October 2005: one minute past midnight became 23:01 of the 29th. A shift of the 28th that ends on
    // the 29th at 23:30 ends with the second 23:30, after the 30th had begun.
    const long = entry('ada', '23:30:00', '23:30:00', {
      timeZone: 'America/St_Johns',
      startDate: '2005-10-28',
      endDate: '2005-10-28',
    });
    assert.deepEqual(membersOnCallAt(roster([long]), Date.parse('2005-10-30T02:30:30Z')), ['ada']);
    assert.deepEqual(membersOnCallAt(roster([long]), Date.parse('2005-10-30T03:00:00Z')), ['ada']);
    assert.deepEqual(membersOnCallAt(roster([long]), Date.parse('2005-10-30T03:00:01Z')), []);
  });

  it('refuses more shifts than it answers', () => {
    const many = Array.from({ length: 500 }, (_, index) => entry(`m${index}`, '08:00:00', '08:59:59'));
    const year = { since: at('01T00:00'), until: at('01T00:00') + 366 * 86_400_000 };
    assert.throws(() => resolveOnCall(roster(many), year), TooManyShifts);
    assert.equal(resolveOnCall(roster(many.slice(0, 100)), year).shifts.length, 36_600);
    assert.ok(mostShifts >= 36_600);
  });

  it('resolves a year of 50 entries in under 300 ms of computing', () => {
    const given = roster(
      Array.from({ length: 50 }, (_, index) =>
        entry(`m${index}`, `${String(index % 24).padStart(2, '0')}:00:00`, '17:30:00', { timeZone: 'Europe/Berlin' }),
      ),
    );
    const year = { since: at('01T00:00'), until: at('01T00:00') + 366 * 86_400_000 };
    // The processor's time, not the clock's: others may be using the machine.
    const before = process.cpuUsage();
    resolveOnCall(given, year);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 300_000, `${(user + system) / 1_000} ms`);
  });
});
