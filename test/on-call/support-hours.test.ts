import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SupportHours } from '../../src/domain/schedule/support-hours.ts';
import { urgencyAt, urgencyChangesAfter } from '../../src/on-call/support-hours.ts';

const hours: SupportHours = {
  timeZone: 'Europe/Berlin',
  weekDays: [1, 2, 3, 4, 5],
  startTime: '09:00:00',
  endTime: '16:59:59',
  urgency: 'high',
  otherwise: 'low',
};
const at = (text: string) => Date.parse(text);

describe('support hours', () => {
  it('say the urgency within and outside of them, on days when clocks change too', () => {
    // Friday, the weekend in which Berlin goes from UTC+1 to UTC+2, Monday.
    assert.equal(urgencyAt(hours, at('2026-03-27T08:00:00Z')), 'high');
    assert.equal(urgencyAt(hours, at('2026-03-27T16:00:00Z')), 'low');
    assert.equal(urgencyAt(hours, at('2026-03-30T07:00:00Z')), 'high');
    assert.equal(urgencyAt(hours, at('2026-03-30T06:59:59Z')), 'low');
  });

  it('name the moments at which it changes', () => {
    assert.deepEqual(urgencyChangesAfter(hours, at('2026-03-27T12:00:00Z'), 3), [
      { at: '2026-03-27T16:00:00.000Z', to: 'low' },
      { at: '2026-03-30T07:00:00.000Z', to: 'high' },
      { at: '2026-03-30T15:00:00.000Z', to: 'low' },
    ]);
  });

  it('never change when they never end', () => {
    const always = { ...hours, weekDays: [0, 1, 2, 3, 4, 5, 6], startTime: '00:00:00', endTime: '23:59:59' };
    assert.equal(urgencyAt(always, at('2026-03-29T01:30:00Z')), 'high');
    assert.deepEqual(urgencyChangesAfter(always, at('2026-03-27T12:00:00Z'), 50), []);
  });

  it('change where the urgency does, and nowhere else', () => {
    const time = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${two(h)}:${two(m)}:00`);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(6), { minLength: 1 }),
        time,
        time,
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'),
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
        (weekDays, startTime, endTime, timeZone, from) => {
          const given = { ...hours, weekDays, startTime, endTime, timeZone };
          const changes = urgencyChangesAfter(given, from, 40);
          let urgency = urgencyAt(given, from);
          let since = from;
          for (const change of changes) {
            const moment = at(change.at);
            assert.ok(moment > since);
            assert.notEqual(change.to, urgency);
            assert.equal(urgencyAt(given, moment - 1), urgency);
            assert.equal(urgencyAt(given, moment), change.to);
            urgency = change.to;
            since = moment;
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

function two(number: number): string {
  return String(number).padStart(2, '0');
}
