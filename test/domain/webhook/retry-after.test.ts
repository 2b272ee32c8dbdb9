import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readRetryAfter } from '../../../src/domain/webhook/retry-after.ts';

const now = Date.UTC(2026, 3, 16, 14, 23, 0);

describe('domain/webhook/retry-after', () => {
  it('reads seconds', () => {
    assert.equal(readRetryAfter('120', now), 120_000);
    assert.equal(readRetryAfter(' 0 ', now), 0);
    assert.equal(readRetryAfter('1000000000', now), 1e12);
  });

  it('reads every HTTP date, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 100_000_000 }), (seconds) => {
        const text = new Date(now + seconds * 1_000).toUTCString();
        assert.equal(readRetryAfter(text, now), Math.max(0, seconds * 1_000), text);
      }),
    );
  });

  it('takes what is neither for nothing', () => {
    for (const text of [
      undefined,
      '',
      'soon',
      '1e9',
      '-5',
      '1.5',
      '0x10',
      '12 34',
      '9'.repeat(16),
      '2026-04-16T14:24:00Z',
      'Thu, 16 Xxx 2026 14:24:00 GMT',
      'Thu, 16 Apr 2026 14:24:00 +0200',
      'Thu, 16 Apr 2026 14:24:00 GMT, 5',
    ])
      assert.equal(readRetryAfter(text, now), undefined, text);
  });

  it('never throws, and never asks for less than nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => (readRetryAfter(text, now) ?? 0) >= 0));
  });
});
