import assert from 'node:assert/strict';
import { ulidOf } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { faultySources } from '../../support/incident-io.ts';
import { restrictedKey } from '../../support/restricted-key.ts';

describe("incident.io's users", () => {
  let api: TestApi;
  let members: Json[];
  before(async () => {
    api = await startTestApi();
    const other = (await api.post('/v1/team', { name: 'Second', time_zone: 'Europe/Berlin' })).body;
    members = [];
    for (const teamId of [await api.defaultTeamId(), other.id])
      for (const name of ['Ada', 'Bob']) {
        const made = await api.post(`/v1/team/${teamId}/member`, { name, email: `${name}@example.com` });
        assert.equal(made.status, 201, made.text);
        members.push(made.body);
      }
  });
  after(() => api.close());

  it('are the members of all teams, oldest first, page by page', async () => {
    const { body } = await api.get('/v2/users?page_size=3');
    assert.deepEqual(
      body.users.map(({ id }: Json) => id),
      members.slice(0, 3).map(({ id }) => ulidOf(id)),
    );
    const rest = await api.get(`/v2/users?page_size=3&after=${body.pagination_meta.after}`);
    assert.deepEqual(
      rest.body.users.map(({ id }: Json) => id),
      [ulidOf(members[3].id)],
    );
    assert.deepEqual(rest.body.pagination_meta, { page_size: 3 });
    const [first] = body.users;
    assert.deepEqual([first.name, first.email, first.is_active, first.role], ['Ada', 'Ada@example.com', true, 'unset']);
    assert.deepEqual((await api.get(`/v2/users/${first.id}`)).body, { user: first });
    assert.deepEqual((await api.get(`/v2/users/${members[0].id}`)).body, { user: first });
  });

  it('are found by address, in whatever case', async () => {
    const { users } = (await api.get('/v2/users?email=aDA%40example.com&include_inactive=true')).body;
    assert.deepEqual(
      users.map(({ id }: Json) => id),
      [members[0], members[2]].map(({ id }) => ulidOf(id)),
    );
    for (const query of ['email=eve@example.com', 'slack_user_id=U1', 'email='])
      assert.deepEqual((await api.get(`/v2/users?${query}`)).body, { users: [], pagination_meta: { page_size: 25 } });
  });

  it('are not those of others, nor those who are gone', async () => {
    const gone = members[3];
    assert.equal((await api.send('DELETE', `/v1/team/${gone.team_id}/member/${gone.id}`)).status, 200);
    assert.equal((await api.get(`/v2/users/${ulidOf(gone.id)}`)).status, 404);
    const foreign = await api.createOrganisation('Foreign');
    assert.deepEqual((await api.get('/v2/users', { key: foreign.key })).body.users, []);
    assert.equal((await api.get(`/v2/users/${ulidOf(members[0].id)}`, { key: foreign.key })).status, 404);
    for (const [query, key, field] of [
      [`after=${ulidOf(members[0].id)}`, foreign.key, 'after'],
      ['after=Ada', api.adminKey, 'after'],
      ['page_size=251', api.adminKey, 'page_size'],
      ['include_inactive=maybe', api.adminKey, 'include_inactive'],
      [`email=${'x'.repeat(255)}`, api.adminKey, 'email'],
      ['email=a&email=b', api.adminKey, 'email'],
      ['name=Ada', api.adminKey, 'name'],
    ] as const) {
      const refused = await api.get(`/v2/users?${query}`, { key });
      assert.deepEqual([refused.status, faultySources(refused)], [422, [field]], query);
    }
  });

  it('come with who asks: the key, and what it may do in the words of incident.io', async () => {
    const { id } = (await api.get('/v1/organisation')).body;
    const key = await restrictedKey(api.database.sql, id, ['view_data', 'create_incidents'], { name: 'SuperPlane' });
    assert.deepEqual((await api.get('/v1/identity', { key })).body.identity, {
      name: 'SuperPlane',
      roles: ['incident_creator', 'viewer'],
      dashboard_url: 'http://tocsin.test',
      teams: [],
      team_roles: [],
    });
    const blind = await restrictedKey(api.database.sql, id, ['create_incidents']);
    for (const path of ['/v1/identity', '/v2/users', '/v2/incident_updates', '/v2/incident_timestamps'])
      assert.equal((await api.get(path, { key: blind })).status, 403, path);
    assert.equal((await api.get('/v1/identity', { key: 'wrong' })).body.type, 'authentication_error');
  });
});
