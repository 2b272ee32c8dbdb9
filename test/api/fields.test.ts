import assert from 'node:assert/strict';
import { email, queryTime, text } from '../../src/api/fields.ts';
import { startTestApi, type TestApi } from '../support/api.ts';

describe('texts in requests', () => {
  const fits = (value: string, max = 3) => text(max).safeParse(value).success;

  it('are counted in characters, as Postgres and JSON Schema count', () => {
    assert.deepEqual([fits('abc'), fits('abcd')], [true, false]);
    assert.deepEqual([fits('🔔🔔🔔'), fits('🔔🔔🔔🔔')], [true, false]);
  });

  it('have something to see in them', () => {
    for (const blank of ['', ' ', '\t\n', '\u0085', '\u001c', '\ufeff', '\u007f\u0001'])
      assert.equal(fits(blank), false);
    assert.ok(fits(' x '));
    assert.ok(text(3, 0).safeParse('').success);
  });

  it('hold nothing that Postgres cannot store', () => {
    for (const value of ['a\0', '\ud800', '\udc00a']) assert.equal(fits(value), false, JSON.stringify(value));
  });

  it('say everything that is wrong, but of a long one only that it is too long', () => {
    const messages = (value: string) => email.safeParse(value).error?.issues.map(({ message }) => message);
    assert.deepEqual(messages('\0'), [
      'must not be blank',
      'must not contain a NUL character',
      'must be an e-mail address',
    ]);
    assert.deepEqual(messages('\0'.repeat(1_000_000)), ['must be at most 254 characters long']);
  });
});

describe('times in the query string', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  it('are read in UTC, to the last digit', () => {
    const readings = {
      '2026-03-15T19:09:39Z': '2026-03-15T19:09:39Z',
      '2026-03-15T19:09:39.123456+02:00': '2026-03-15T17:09:39.123456Z',
      '2026-03-15T19:09:39.5 02:00': '2026-03-15T17:09:39.5Z',
      '0707-03-08T04:35:38.0+16:53': '0707-03-07T11:42:38.0Z',
      [`2026-03-15T19:09:39.${'1'.repeat(500)}Z`]: '2026-03-15T19:09:39.111111111Z',
    };
    for (const [given, read] of Object.entries(readings)) assert.equal(queryTime.parse(given), read);
  });

  it('are refused where Postgres would fail at them', async () => {
    for (const time of ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00', '9999-12-31T23:00:00-02:00'])
      assert.equal((await since(time)).status, 422, time);
    for (const time of ['0001-01-01T00:00:00Z', '0707-03-08T04:35:38.0+16:53', '9999-12-31T23:59:59.999999Z'])
      assert.equal((await since(time)).status, 200, time);
  });

  const since = (time: string) => api.get(`/v1/organisation/incidents?since=${encodeURIComponent(time)}`);
});
