import assert from 'node:assert/strict';
import { errorCodes, Refusal } from '../../src/domain/error-code.ts';
import { problems } from '../../src/api/errors.ts';
import { createSql } from '../../src/stores/sql.ts';
import { startTestApi, type TestApi } from '../support/api.ts';

describe('errors', () => {
  let api: TestApi;
  let fail: () => Promise<unknown>;
  before(async () => {
    api = await startTestApi();
    // The first store a request reaches: what it meets in Postgres, every route can meet.
    api.deps.stores.organisations.get = () => fail() as never;
  });
  after(() => api.close());

  const answerTo = (failure: () => Promise<unknown>) => {
    fail = failure;
    return api.get('/v1/organisation');
  };

  it('have a status for every code', async () => {
    for (const code of errorCodes) {
      const answer = await answerTo(() =>
        Promise.reject(new Refusal(code, 'Because.', [{ field: 'a', message: 'b' }])),
      );
      api.takeErrors();
      assert.equal(answer.status, problems[code].status);
      assert.deepEqual(answer.body, {
        type: 'about:blank',
        title: problems[code].title,
        status: problems[code].status,
        code,
        detail: 'Because.',
        request_id: answer.headers.get('X-Request-Id'),
        errors: [{ field: 'a', message: 'b' }],
      });
      const retryable = [429, 503].includes(answer.status);
      assert.equal(answer.headers.get('Retry-After'), retryable ? '2' : null);
    }
  });

  const raise = (state: string) => () =>
    api.database.sql.unsafe(`DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '${state}'; END $$`);

  it('of values that Postgres cannot store are 422', async () => {
    const { sql } = api.database;
    const met: [string, () => Promise<unknown>][] = [
      ['22021', () => sql`SELECT ${'a\0'}::text`],
      ['22P02', () => sql`SELECT ${'no uuid'}::text::uuid`],
      ['22P05', () => sql.unsafe(`SELECT '"\\u0000"'::jsonb ->> 0`)],
      ['22003', () => sql`SELECT ${'99999999999'}::text::integer`],
      ['54000', raise('54000')],
      ['54001', () => sql`SELECT ${'['.repeat(50_000)}::text::jsonb`],
    ];
    for (const [state, failure] of met) {
      await assert.rejects(failure, { code: state });
      const answer = await answerTo(failure);
      assert.deepEqual([answer.status, answer.body.code], [422, 'invalid_fields'], state);
      assert.doesNotMatch(answer.text, /SELECT|syntax|uuid/i);
    }
  });

  it('of what exists already are 409', async () => {
    const answer = await answerTo(raise('23505'));
    assert.deepEqual([answer.status, answer.body.code], [409, 'already_exists']);
  });

  it('of a database that is busy, stopping or away are 503', async () => {
    const { sql, url } = api.database;
    const slow = createSql(url, { max: 1, statementTimeout: 20 });
    const closed = createSql(url, { max: 1 });
    await closed.end();
    const nowhere = createSql('postgres://postgres@127.0.0.1:1/postgres', { max: 1 });
    const terminated = () => sql`SELECT pg_terminate_backend(pg_backend_pid())`;
    const met: [string, () => Promise<unknown>][] = [
      ['40001', raise('40001')],
      ['40P01', raise('40P01')],
      ['53300', raise('53300')],
      ['57014', () => slow`SELECT pg_sleep(5)`],
      ['57P01', raise('57P01')],
      ['CONNECTION_CLOSED', terminated],
      ['CONNECTION_ENDED', () => closed`SELECT 1`],
      ['ECONNREFUSED', () => nowhere`SELECT 1`],
    ];
    for (const [state, failure] of met) {
      const answer = await answerTo(failure);
      assert.deepEqual([answer.status, answer.body.code], [503, 'unavailable'], state);
      assert.equal(answer.headers.get('Retry-After'), '2');
    }
    await Promise.all([slow.end(), nowhere.end()]);
    assert.deepEqual(api.takeErrors(), [], 'none of these is a bug');
  });

  it('that nobody foresaw are logged once and shown bare', async () => {
    const answer = await answerTo(() => Promise.reject(new Error('secret of the inside')));
    assert.equal(answer.status, 500);
    assert.equal(answer.body.code, 'internal_error');
    assert.doesNotMatch(answer.text, /secret of the inside|\.ts/);
    const logged = api.takeErrors();
    assert.equal(logged.length, 1);
    assert.equal(logged[0].request_id, answer.body.request_id);
    assert.match(logged[0].err.message, /secret of the inside/);
  });

  it('are made of answers that do not fit their declaration', async () => {
    const answer = await answerTo(async () => ({ id: 'no uuid', name: 'a', createdAt: 'b', defaultTeamId: 'c' }));
    assert.equal(answer.status, 500);
    const [logged] = api.takeErrors();
    assert.match(logged.err.message, /does not fit its declaration/);
  });

  it('do not come from what an answer has too much: it is left out', async () => {
    const { body } = await api.get('/v1/teams');
    const id = body.teams[0].id;
    const answer = await answerTo(async () => ({
      id,
      name: 'a',
      createdAt: '2026-01-01T00:00:00.000Z',
      defaultTeamId: id,
      secret: 'x',
    }));
    assert.deepEqual(Object.keys(answer.body), ['id', 'name', 'created_at', 'default_team_id']);
  });
});
