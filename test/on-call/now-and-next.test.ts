import assert from 'node:assert/strict';
import type { Roster } from '../../src/domain/schedule/roster.ts';
import { nowAndNext } from '../../src/on-call/now-and-next.ts';
import { entryDraft } from '../support/schedule.ts';

const hour = 3_600_000;
const midnight = Date.UTC(2026, 2, 16);
/** Two days from Monday, 16 March 2026, 10:00 UTC. */
const span = { since: midnight + 10 * hour, until: midnight + 58 * hour };

function rosterOf(...entries: [memberId: string, start: string, end: string, weekDays?: number[]][]): Roster {
  return {
    versions: entries.map(([memberId, startTime, endTime, weekDays]) => ({
      ...entryDraft(memberId, { startTime, endTime, ...(weekDays ? { weekDays } : {}) }),
      timeZone: 'UTC',
      since: -Infinity,
      until: Infinity,
    })),
    overrides: [],
    members: new Map(entries.map(([id]) => [id, { id, name: id, until: Infinity }])),
  };
}

/** Hours since the midnight before. */
const told = (roster: Roster) => {
  const { now, next } = nowAndNext(roster, span);
  return {
    now: now.map(({ memberId, until }) => `${memberId} until ${(until - midnight) / hour}`),
    next: next.map(({ memberId, since }) => `${memberId} since ${(since - midnight) / hour}`),
  };
};

describe('who is on call now and next', () => {
  it('follows the hand-offs', () => {
    const roster = rosterOf(['ada', '08:00:00', '19:59:59'], ['ben', '20:00:00', '07:59:59']);
    assert.deepEqual(told(roster), { now: ['ada until 20'], next: ['ben since 20'] });
  });

  it('joins shifts of a member that touch, and passes over the present ones', () => {
    const roster = rosterOf(
      ['ada', '08:00:00', '23:59:59'],
      ['ada', '00:00:00', '07:59:59'],
      ['ben', '22:00:00', '22:59:59'],
    );
    assert.deepEqual(told(roster), { now: ['ada until 58'], next: ['ben since 22'] });
  });

  it('names all who come at the same moment, also one who comes back', () => {
    const roster = rosterOf(
      ['ada', '08:00:00', '11:59:59'],
      ['ada', '13:00:00', '13:59:59'],
      ['ben', '13:00:00', '14:59:59'],
    );
    assert.deepEqual(told(roster), { now: ['ada until 12'], next: ['ada since 13', 'ben since 13'] });
  });

  it('begins with whoever takes over at this very moment', () => {
    const roster = rosterOf(['ada', '08:00:00', '09:59:59'], ['ben', '10:00:00', '11:59:59', [1]]);
    assert.deepEqual(told(roster), { now: ['ben until 12'], next: ['ada since 32'] });
  });

  it('finds nobody where there is nobody', () => {
    assert.deepEqual(told(rosterOf()), { now: [], next: [] });
    assert.deepEqual(told(rosterOf(['ada', '08:00:00', '08:59:59', [6]])), { now: [], next: [] });
  });
});
