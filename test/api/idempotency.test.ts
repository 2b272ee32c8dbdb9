import assert from 'node:assert/strict';
import { parseIdempotencyKey } from '../../src/api/idempotency.ts';
import { startTestApi, type TestApi } from '../support/api.ts';

describe('Idempotency-Key', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  const withKey = (key: string) => ({ headers: { 'Idempotency-Key': key } });
  const countTeams = async (name: string) => (await api.database.sql`SELECT 1 FROM teams WHERE name = ${name}`).length;

  it('gives a repeat the first answer again', async () => {
    const first = await api.post('/v1/team', { name: 'Once' }, withKey('k1'));
    assert.deepEqual([first.status, first.headers.get('Idempotent-Replayed')], [201, null]);
    const second = await api.post('/v1/team', { name: 'Once' }, withKey('"k1"'));
    assert.deepEqual([second.status, second.text], [201, first.text]);
    assert.equal(second.headers.get('Idempotent-Replayed'), 'true');
    assert.equal(await countTeams('Once'), 1);
  });

  it('acts once for twenty at a time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('/v1/team', { name: 'Rush' }, withKey('rush'))),
    );
    assert.equal(await countTeams('Rush'), 1);
    for (const { status, body } of answers)
      assert.ok(status === 201 || (status === 409 && body.code === 'idempotency_key_in_use'), String(status));
    assert.ok(answers.some(({ status }) => status === 201));
    assert.equal((await api.post('/v1/team', { name: 'Rush' }, withKey('rush'))).status, 201);
  });

  it('refuses another body or path under the same key', async () => {
    await api.post('/v1/team', { name: 'First' }, withKey('k2'));
    for (const answer of [
      await api.post('/v1/team', { name: 'Second' }, withKey('k2')),
      await api.post('/v1/webhook', { name: 'First' }, withKey('k2')),
    ])
      assert.deepEqual([answer.status, answer.body.code], [422, 'idempotency_key_reused']);
    assert.equal(await countTeams('Second'), 0);
  });

  it('belongs to one API key', async () => {
    const other = await api.createOrganisation('Other');
    await api.post('/v1/team', { name: 'Mine' }, withKey('k3'));
    const theirs = await api.post('/v1/team', { name: 'Theirs' }, { ...withKey('k3'), key: other.key });
    assert.deepEqual([theirs.status, theirs.body.name], [201, 'Theirs']);
  });

  it('stays free after a refusal', async () => {
    assert.equal((await api.post('/v1/team', { name: '' }, withKey('k4'))).status, 422);
    assert.equal((await api.post('/v1/team', { name: 'Corrected' }, withKey('k4'))).status, 201);
    const ruleset = { rule_type: 'webhook', level: 'team', name: 'a', description: '', urgency: 'low', conditions: [] };
    const unknown = { ...ruleset, team_id: '01999999-0000-7000-8000-000000000000' };
    assert.equal((await api.post('/v1/ruleset', unknown, withKey('k5'))).status, 422, 'refused inside the effect');
    const known = { ...ruleset, team_id: await api.defaultTeamId() };
    assert.equal((await api.post('/v1/ruleset', known, withKey('k5'))).status, 201);
  });

  it('stays with a request that failed, for its repeat', async () => {
    const { stores } = api.deps;
    const create = stores.teams.create;
    stores.teams.create = () => Promise.reject(Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' }));
    assert.equal((await api.post('/v1/team', { name: 'Later' }, withKey('k6'))).status, 503);
    stores.teams.create = create;
    assert.equal((await api.post('/v1/team', { name: 'Different' }, withKey('k6'))).status, 422);
    assert.equal((await api.post('/v1/team', { name: 'Later' }, withKey('k6'))).status, 201);
    assert.equal(await countTeams('Later'), 1);
  });

  it('does not block for ever when a process died with it in flight', async () => {
    const { sql } = api.database;
    await api.post('/v1/team', { name: 'Crashed' }, withKey('k7'));
    // As the crash left it: claimed, without an outcome, and its transaction undone.
    await sql`DELETE FROM teams WHERE name = 'Crashed'`;
    await sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now() + interval '20 s' WHERE key = 'k7'`;
    assert.equal((await api.post('/v1/team', { name: 'Crashed' }, withKey('k7'))).status, 409);
    await sql`UPDATE idempotency_keys SET locked_until = now() WHERE key = 'k7'`;
    assert.equal((await api.post('/v1/team', { name: 'Crashed' }, withKey('k7'))).status, 201);
    assert.equal(await countTeams('Crashed'), 1);
  });

  it('undoes the effect of one whose claim was taken over', async () => {
    const { sql } = api.database;
    const { stores } = api.deps;
    const create = stores.teams.create;
    stores.teams.create = async (...given) => {
      await sql`UPDATE idempotency_keys SET locked_until = locked_until + interval '1 s' WHERE key = 'k8'`;
      return create(...given);
    };
    const answer = await api.post('/v1/team', { name: 'Overtaken' }, withKey('k8'));
    stores.teams.create = create;
    assert.deepEqual([answer.status, answer.body.code], [409, 'idempotency_key_in_use']);
    assert.equal(await countTeams('Overtaken'), 0);
  });

  it('is forgotten after a day', async () => {
    const { sql } = api.database;
    await api.post('/v1/team', { name: 'Daily' }, withKey('k9'));
    await sql`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'k9'`;
    const again = await api.post('/v1/team', { name: 'Daily, changed' }, withKey('k9'));
    assert.deepEqual([again.status, again.headers.get('Idempotent-Replayed')], [201, null]);
  });

  it('keeps no secret in the clear', async () => {
    const answer = await api.post('/v1/organisation', { name: 'Secretive' }, withKey('k10'));
    const [row] = await api.database.sql`SELECT body FROM idempotency_keys WHERE key = 'k10'`;
    assert.ok(!Buffer.from(row!.body, 'base64').includes(answer.body.api_key.key));
    assert.ok(!row!.body.includes(answer.body.api_key.key));
    assert.equal((await api.post('/v1/organisation', { name: 'Secretive' }, withKey('k10'))).text, answer.text);
  });

  it('finds the incident again that a crash kept from being answered', async () => {
    const teamId = await api.defaultTeamId();
    const draft = { name: 'Down', description: '', urgency: 'high', incident_key: 'disk' };
    const first = await api.post(`/v1/team/${teamId}/incident`, draft, withKey('k11'));
    assert.equal(first.status, 201);
    const { sql } = api.database;
    await sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now() WHERE key = 'k11'`;
    const second = await api.post(`/v1/team/${teamId}/incident`, draft, withKey('k11'));
    assert.deepEqual([second.status, second.body.id], [201, first.body.id]);
    const third = await api.post(`/v1/team/${teamId}/incident`, draft, withKey('k12'));
    assert.deepEqual([third.status, third.body.code], [409, 'already_exists'], 'another request meets the open one');
  }).timeout(90_000);

  it('is 1 to 255 printable ASCII characters, bare or quoted', async () => {
    for (const [header, key] of [
      ['abc', 'abc'],
      ['"abc"', 'abc'],
      ['"a\\"b\\\\"', 'a"b\\'],
      ['a b', 'a b'],
      ['x'.repeat(255), 'x'.repeat(255)],
    ] as const)
      assert.equal(parseIdempotencyKey(header), key);
    for (const header of ['', '""', 'x'.repeat(256), 'ä', 'a\tb'])
      assert.throws(() => parseIdempotencyKey(header), { code: 'invalid_fields' }, header);
    const answer = await api.post('/v1/team', { name: 'a' }, withKey(''));
    assert.equal(answer.status, 422);
    assert.equal(answer.body.errors[0].field, 'header.Idempotency-Key');
  });
});
