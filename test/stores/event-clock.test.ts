import assert from 'node:assert/strict';
import { createEventClock } from '../../src/stores/event-clock.ts';
import { isoFromPostgres } from '../../src/stores/sql.ts';

const start = Date.parse('2026-11-21T05:09:43.120Z');

describe('the clock of events', () => {
  it('never says the same time twice, and stays with the host', () => {
    let now = start;
    const clock = createEventClock(
      () => now,
      () => 0,
    );
    assert.equal(clock(), '2026-11-21T05:09:43.120Z');
    assert.equal(clock(), '2026-11-21T05:09:43.120001Z');
    now += 1;
    assert.equal(clock(), '2026-11-21T05:09:43.121Z');
    now -= 500;
    assert.equal(clock(), '2026-11-21T05:09:43.121001Z', 'a small step back is waited out');
    now -= 3_600_000;
    assert.equal(clock(), '2026-11-21T04:09:42.621Z', 'a large one is followed');
    now = Date.parse('2026-12-31T23:59:59.999Z');
    assert.equal(clock(), '2026-12-31T23:59:59.999Z');
  });

  it('writes times as they are read from Postgres', () => {
    const clock = createEventClock(
      () => start,
      () => 0.5,
    );
    assert.equal(clock(), isoFromPostgres('2026-11-21 05:09:43.1205+00'));
    assert.equal(clock(), isoFromPostgres('2026-11-21 05:09:43.120501+00'));
  });
});
