import assert from 'node:assert/strict';
import fc from 'fast-check';
import { attemptsIn, fullBucket, msUntilNext, refilled, spent } from '../../../src/domain/webhook/rate-limit.ts';

describe('domain/webhook/rate-limit', () => {
  it('lets a tenth of a second go at once, and then as many a second as it says', () => {
    let bucket = fullBucket(100, 0);
    assert.equal(attemptsIn(bucket), 11);
    bucket = spent(bucket, 11);
    assert.equal(attemptsIn(bucket), 0);
    assert.equal(msUntilNext(bucket, 100), 10);
    assert.equal(attemptsIn(refilled(bucket, 100, 50)), 5);
    assert.equal(attemptsIn(refilled(bucket, 100, 60_000)), 11);
  });

  it('gives one at a time where the limit is low', () => {
    const bucket = spent(fullBucket(1, 0), 1);
    assert.equal(msUntilNext(bucket, 1), 1_000);
    assert.equal(attemptsIn(refilled(bucket, 1, 999)), 0);
    assert.equal(attemptsIn(refilled(bucket, 1, 1_000)), 1);
  });

  it('never lets more go in any second than the limit and what is saved up', () => {
    const inputs = [
      fc.integer({ min: 1, max: 1_000 }),
      fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 }),
    ] as const;
    fc.assert(
      fc.property(...inputs, (perSecond, waits) => {
        let [bucket, now] = [fullBucket(perSecond, 0), 0];
        const sent: { at: number; count: number }[] = [];
        for (const wait of waits) {
          now += wait;
          bucket = refilled(bucket, perSecond, now);
          const count = attemptsIn(bucket);
          bucket = spent(bucket, count);
          sent.push({ at: now, count });
          const lastSecond = sent.filter(({ at }) => at > now - 1_000).reduce((sum, one) => sum + one.count, 0);
          assert.ok(lastSecond <= perSecond * 1.1 + 1 + 1e-6, `${lastSecond} of ${perSecond}`);
        }
      }),
    );
  });

  it('has one when it says so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 120 }), (perSecond, attempts) => {
        const bucket = spent(fullBucket(perSecond, 0), attempts);
        const wait = msUntilNext(bucket, perSecond);
        assert.ok(attemptsIn(refilled(bucket, perSecond, wait + 1e-6)) >= 1);
        if (wait > 1) assert.equal(attemptsIn(refilled(bucket, perSecond, wait - 0.5)), 0);
      }),
    );
  });

  it('does not stumble over a clock that stands still or goes back', () => {
    const bucket = spent(fullBucket(10, 1_000), 1);
    assert.equal(refilled(bucket, 10, 500).tokens, bucket.tokens);
  });
});
