import assert from 'node:assert/strict';
import { ensureAdminKey } from '../../src/stores/organisations.ts';
import { faultyFields, startTestApi, type TestApi } from '../support/api.ts';

describe('organisations and teams over HTTP', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  it('begin with one organisation that has a default team', async () => {
    const { status, body } = await api.get('/v1/organisation');
    assert.equal(status, 200);
    assert.equal(body.name, 'My organisation');
    const teams = (await api.get('/v1/teams')).body;
    assert.deepEqual(
      teams.teams.map(({ id, number, name }: { id: string; number: number; name: string }) => ({ id, number, name })),
      [{ id: body.default_team_id, number: 1, name: 'Default team' }],
    );
    assert.equal(teams.next_cursor, null);
  });

  it('make an organisation whose key is shown once and works', async () => {
    const { status, body } = await api.post('/v1/organisation', { name: 'Acme' });
    assert.equal(status, 201);
    assert.match(body.api_key.key, /^tocsin_[0-9A-Za-z]{49}$/);
    assert.ok(body.api_key.key.startsWith(body.api_key.prefix));
    const [row] = await api.database.sql`SELECT * FROM api_keys WHERE id = ${body.api_key.id}`;
    assert.ok(!JSON.stringify(row).includes(body.api_key.key.slice(13)));
    const own = await api.get('/v1/organisation', { key: body.api_key.key });
    assert.deepEqual(own.body, {
      id: body.id,
      name: 'Acme',
      created_at: body.created_at,
      default_team_id: body.default_team_id,
    });
  });

  it('change their name and their default team, which then lets the old one go', async () => {
    const { key, teamId } = await api.createOrganisation('Acme');
    const other = await api.createOrganisation('Other');
    const put = (json: object) => api.send('PUT', '/v1/organisation', { json, key });
    assert.equal((await put({ name: 'Acme Ltd' })).body.name, 'Acme Ltd');
    const team = await api.post('/v1/team', { name: 'Second' }, { key });
    for (const wrong of [other.teamId, '0199aaaa-0000-7000-8000-000000000001'])
      assert.deepEqual(faultyFields(await put({ name: 'No', default_team_id: wrong })), ['default_team_id']);
    assert.deepEqual(faultyFields(await put({ name: '', default_team_id: 'x', id: teamId })), [
      'default_team_id',
      'id',
      'name',
    ]);
    assert.equal((await api.send('DELETE', `/v1/team/${teamId}`, { key })).status, 409);
    const { body } = await put({ default_team_id: team.body.id });
    assert.deepEqual([body.name, body.default_team_id], ['Acme Ltd', team.body.id]);
    assert.equal((await api.send('DELETE', `/v1/team/${teamId}`, { key })).status, 200);
    assert.equal((await api.send('DELETE', `/v1/team/${team.body.id}`, { key })).status, 409);
  });

  it('let only the admin key make organisations', async () => {
    const { key } = await api.createOrganisation('Other');
    const answer = await api.post('/v1/organisation', { name: 'Third' }, { key });
    assert.equal(answer.status, 403);
    assert.equal(answer.body.code, 'permission_denied');
  });

  it('make teams and members, and name every faulty field', async () => {
    const team = await api.post('/v1/team', { name: 'Night watch', time_zone: 'Europe/Berlin' });
    assert.equal(team.status, 201);
    assert.equal(team.body.time_zone, 'Europe/Berlin');

    const member = { name: 'Ada', email: 'ada@example.com' };
    const added = await api.post(`/v1/team/${team.body.id}/member`, member);
    assert.equal(added.status, 201);
    assert.deepEqual((await api.get(`/v1/team/${team.body.id}/members`)).body, {
      members: [added.body],
      next_cursor: null,
    });

    const again = await api.post(`/v1/team/${team.body.id}/member`, { ...member, email: 'ADA@example.com' });
    assert.equal(again.status, 409);
    assert.equal(again.body.code, 'already_exists');

    const faulty = await api.post(`/v1/team/${team.body.id}/member`, { email: 'nobody', time_zone: 'Mars', role: 1 });
    assert.equal(faulty.status, 422);
    assert.deepEqual(faultyFields(faulty), ['email', 'name', 'role', 'time_zone']);
  });

  it('refuse time zones that are none', async () => {
    for (const zone of ['', 'Berlin', '+02:00', 'Europe/Berlin\0', 'x'.repeat(65)]) {
      const answer = await api.post('/v1/team', { name: 'Team', time_zone: zone });
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['time_zone']], zone);
    }
  });

  it('take a changed admin key, and make one organisation however many start at once', async () => {
    const { sql } = api.database;
    const changed = 'another-admin-key-of-32-characters-or-more';
    await Promise.all([1, 2, 3, 4].map(() => ensureAdminKey(sql, changed)));
    assert.equal((await api.get('/v1/organisation')).status, 401);
    assert.equal((await api.get('/v1/organisation', { key: changed })).body.name, 'My organisation');
    await ensureAdminKey(sql, api.adminKey);
    const rows = await sql`SELECT id FROM organisations WHERE name = 'My organisation'`;
    assert.equal(rows.length, 1);
  });
});
