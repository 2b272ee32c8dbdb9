import assert from 'node:assert/strict';
import { describeDay, readDay, writeDay } from '../../../src/domain/schedule/calendar.ts';
import { dayBounds, shiftBounds, startsOn, type Recurrence } from '../../../src/domain/schedule/entry.ts';

const always: Recurrence = {
  startDate: null,
  endDate: null,
  monthsOfYear: [],
  weeksOfMonth: [],
  weekDays: [0, 1, 2, 3, 4, 5, 6],
  startTime: '00:00:00',
  endTime: '23:59:59',
};

function daysIn(year: number, recurrence: Partial<Recurrence>): string[] {
  const found: string[] = [];
  for (let day = readDay(`${year}-01-01`)!; day <= readDay(`${year}-12-31`)!; day++)
    if (startsOn({ ...always, ...recurrence }, describeDay(day))) found.push(writeDay(day));
  return found;
}

describe('domain/schedule/entry', () => {
  it('starts on every day when nothing is narrowed down', () => {
    assert.equal(daysIn(2024, {}).length, 366);
    assert.equal(daysIn(2023, {}).length, 365);
  });

  it('takes 0 for Sunday', () => {
    assert.deepEqual(daysIn(2024, { weekDays: [0], monthsOfYear: [9], weeksOfMonth: [1] }), ['2024-09-01']);
  });

  it('finds a fifth weekday only in months that have one', () => {
    assert.deepEqual(daysIn(2024, { weekDays: [1], weeksOfMonth: [5] }), [
      '2024-01-29',
      '2024-04-29',
      '2024-07-29',
      '2024-09-30',
      '2024-12-30',
    ]);
    // The fifth from the end is the first of a month with five.
    assert.deepEqual(daysIn(2024, { weekDays: [1], weeksOfMonth: [-5] }), [
      '2024-01-01',
      '2024-04-01',
      '2024-07-01',
      '2024-09-02',
      '2024-12-02',
    ]);
    assert.deepEqual(daysIn(2023, { monthsOfYear: [2], weeksOfMonth: [5, -5] }), []);
    assert.deepEqual(daysIn(2024, { monthsOfYear: [2], weeksOfMonth: [5] }), ['2024-02-29']);
  });

  it('finds the last weekday of every month, the 31st included', () => {
    const lastFridays = daysIn(2024, { weekDays: [5], weeksOfMonth: [-1] });
    assert.equal(lastFridays.length, 12);
    assert.ok(lastFridays.includes('2024-05-31'));
    assert.ok(!lastFridays.includes('2024-05-24'));
  });

  it('lasts over midnight when its end is not after its start', () => {
    const bounds = (startTime: string, endTime: string) => shiftBounds({ ...always, startTime, endTime });
    assert.deepEqual(bounds('00:00:00', '23:59:59'), [0, 86_399]);
    assert.deepEqual(bounds('22:00:00', '05:59:59'), [79_200, 107_999]);
    assert.deepEqual(bounds('08:00:00', '08:00:00'), [28_800, 115_200]);
    assert.deepEqual(bounds('08:00:00', '08:00:01'), [28_800, 28_801]);
  });

  it('has bounds only where they are given', () => {
    assert.deepEqual(dayBounds(always), [-Infinity, Infinity]);
    assert.deepEqual(dayBounds({ ...always, startDate: '1970-01-02', endDate: '1970-01-03' }), [1, 2]);
  });
});
