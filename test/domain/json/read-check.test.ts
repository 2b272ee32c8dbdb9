import assert from 'node:assert/strict';
import { parseJson } from '../../../src/domain/json/parse-json.ts';
import { readCheck } from '../../../src/domain/json/read-check.ts';

const at = '2026-11-21T05:09:43.120001Z';
const paths = { httpStatusCode: 'status', responseTimeMs: 'time', error: 'error' };

describe('readCheck', () => {
  it('reads what the paths lead to', () => {
    assert.deepEqual(readCheck({ status: 503, time: 12.6, error: 'Bad gateway' }, paths, at), {
      httpStatusCode: 503,
      responseTimeMs: 13,
      error: 'Bad gateway',
      checkedAt: at,
    });
    assert.deepEqual(readCheck({ status: '200', time: '1e3', error: 'x' }, paths, at).responseTimeMs, 1_000);
  });

  it('answers null for everything else', () => {
    const nothing = { httpStatusCode: null, responseTimeMs: null, error: null, checkedAt: at };
    assert.deepEqual(readCheck({ status: 503 }, {}, at), nothing);
    assert.deepEqual(readCheck(null, paths, at), nothing);
    for (const status of [99, 600, 200.5, '20O', '', null, true, [200], { code: 200 }, -200, '0x1f4', ' 200'])
      assert.equal(readCheck({ status }, paths, at).httpStatusCode, null, JSON.stringify(status));
    for (const time of [-1, '-0.1', 'fast', null, false, [], 1e300])
      assert.equal(readCheck({ time }, paths, at).responseTimeMs, null, JSON.stringify(time));
    for (const error of ['', null, 5, false, [], {}]) assert.equal(readCheck({ error }, paths, at).error, null);
    const big = parseJson(Buffer.from('{"status":12345678901234567890,"time":1e400}'));
    assert.deepEqual(readCheck('value' in big && big.value, paths, at), nothing);
    assert.deepEqual(readCheck({ status: 500 }, { httpStatusCode: 'a[' }, at), nothing);
  });

  it('keeps an error storable and short', () => {
    assert.equal(readCheck({ error: 'a\0b\ud800' }, paths, at).error, 'a\uFFFDb\uFFFD');
    const long = readCheck({ error: `${'x'.repeat(1_023)}😀` }, paths, at).error;
    assert.equal(long, `${'x'.repeat(1_023)}\uFFFD`);
  });
});
