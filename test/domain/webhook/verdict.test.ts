import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AttemptResult, outcomes } from '../../../src/domain/webhook/attempt.ts';
import { judge, type Verdict } from '../../../src/domain/webhook/verdict.ts';

const seconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const day = 86_400_000;

const answered = (statusCode: number, retryAfterMs?: number): AttemptResult => ({
  outcome: statusCode >= 200 && statusCode < 300 ? 'success' : 'http_error',
  statusCode,
  durationMs: 12,
  error: null,
  response: null,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const died = (outcome: AttemptResult['outcome']): AttemptResult => ({ ...answered(500), outcome, statusCode: null });
const after = (result: AttemptResult, attemptsMade = 1, random = 0): Verdict => judge({ result, attemptsMade, random });

const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyResult: fc.Arbitrary<AttemptResult> = fc
  .record({
    outcome: fc.constantFrom(...outcomes),
    status: fc.integer({ min: 300, max: 599 }),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 1e12 })),
  })
  .map(({ outcome, status, retryAfterMs }) => {
    const result = outcome === 'http_error' ? answered(status) : died(outcome);
    return { ...result, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  });

describe('domain/webhook/verdict', () => {
  it('settles a delivery with any success', () => {
    for (const status of [200, 201, 204])
      assert.deepEqual(after(answered(status)), {
        retryInMs: null,
        endpoint: 'works',
        isAlive: true,
        isGone: false,
        pauseMs: 0,
      });
  });

  it('retries on the schedule until it ends, whatever failed', () => {
    for (const result of [answered(500), answered(404), answered(301), died('network_error'), died('internal_error')]) {
      for (let made = 1; made < 10; made += 1)
        assert.equal(after(result, made, 0.5).retryInMs, seconds[made]! * 1_000, `${result.outcome} ${made}`);
      assert.equal(after(result, 10, 0.5).retryInMs, null);
    }
  });

  it('gives up after three tries what will not become better', () => {
    for (const status of [400, 413, 415, 422])
      assert.deepEqual(
        [1, 2, 3, 4].map((made) => after(answered(status), made, 0.5).retryInMs),
        [5_000, 300_000, null, null],
      );
    for (const status of [401, 403, 404, 409, 429, 500]) assert.notEqual(after(answered(status), 4).retryInMs, null);
  });

  it('gives up at once on what is gone, and on what leads back to itself', () => {
    const gone = after(answered(410));
    assert.deepEqual([gone.retryInMs, gone.isGone, gone.endpoint], [null, true, 'fails']);
    const loop = after(died('loop'));
    assert.deepEqual([loop.retryInMs, loop.isGone, loop.endpoint], [null, false, null]);
  });

  it('blames no endpoint for what was never sent', () => {
    assert.equal(after(died('internal_error')).endpoint, null);
    for (const outcome of ['timeout', 'network_error', 'tls_error', 'refused_address'] as const)
      assert.equal(after(died(outcome)).endpoint, 'fails');
  });

  it('honours Retry-After where it has a meaning', () => {
    for (const status of [429, 500, 502, 503, 504]) {
      assert.equal(after(answered(status, 600_000)).retryInMs, 600_000, `${status}`);
      assert.equal(after(answered(status, 600_000)).pauseMs, 600_000);
    }
    for (const status of [301, 400, 404]) assert.equal(after(answered(status, 600_000)).pauseMs, 0, `${status}`);
    assert.equal(after(answered(404, 600_000), 1, 0.5).retryInMs, 5_000);
  });

  it('is not brought forward by Retry-After, nor put off beyond a day', () => {
    assert.equal(after(answered(503, 1_000), 3, 0.5).retryInMs, 1_800_000);
    assert.equal(after(answered(503, 0), 1, 0.5).retryInMs, 5_000);
    assert.equal(after(answered(503, 1e12), 1).retryInMs, day);
    assert.equal(after(answered(503, 1e12), 1).pauseMs, 3_600_000, 'its other deliveries are probed sooner');
  });

  it('leaves alone for a minute what is overwhelmed', () => {
    for (const result of [died('timeout'), answered(429)]) {
      assert.equal(after(result).retryInMs, 60_000);
      assert.equal(after(result, 3, 0.5).retryInMs, 1_800_000);
    }
  });

  it('always waits at least what is scheduled, at most a day and a fifth, and not past the end', () => {
    fc.assert(
      fc.property(anyResult, fc.integer({ min: 1, max: 12 }), anyRandom, (result, attemptsMade, random) => {
        const { retryInMs, pauseMs, endpoint, isGone } = judge({ result, attemptsMade, random });
        assert.ok(pauseMs >= 0 && pauseMs <= 3_600_000);
        if (result.outcome === 'success') return assert.deepEqual([retryInMs, endpoint], [null, 'works']);
        assert.notEqual(endpoint, 'works');
        if (attemptsMade >= 10 || isGone || result.outcome === 'loop') return assert.equal(retryInMs, null);
        if (retryInMs === null)
          return assert.ok(attemptsMade >= 3 && [400, 413, 415, 422].includes(result.statusCode!));
        assert.ok(Number.isInteger(retryInMs) && retryInMs >= seconds[attemptsMade]! * 800 && retryInMs >= pauseMs);
        assert.ok(retryInMs <= day * 1.2);
      }),
      { numRuns: 500 },
    );
  });
});
