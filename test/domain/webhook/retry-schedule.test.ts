import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nextAttemptDelay, retrySchedule } from '../../../src/domain/webhook/retry-schedule.ts';

const seconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

describe('domain/webhook/retry-schedule', () => {
  it('is the one that Standard Webhooks advises', () => {
    assert.deepEqual(
      retrySchedule,
      seconds.map((value) => value * 1_000),
    );
  });

  it('sends the first at once and stays within 20 % of the schedule, reaching both ends', () => {
    assert.equal(nextAttemptDelay(0, 0.7), 0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attemptsMade, random) => {
          const delay = nextAttemptDelay(attemptsMade, random)!;
          const scheduled = seconds[attemptsMade]! * 1_000;
          return Number.isInteger(delay) && delay >= scheduled * 0.8 && delay <= scheduled * 1.2;
        },
      ),
    );
    assert.equal(nextAttemptDelay(1, 0), 4_000);
    assert.equal(nextAttemptDelay(1, 0.5), 5_000);
    assert.equal(nextAttemptDelay(1, 1 - Number.EPSILON), 6_000);
  });

  it('is exhausted after ten attempts', () => {
    assert.notEqual(nextAttemptDelay(9, 0.5), null);
    for (const attemptsMade of [10, 11, 1_000]) assert.equal(nextAttemptDelay(attemptsMade, 0.5), null);
  });
});
