import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';
import { storeOpenIncident } from '../support/open-incident.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('changing and deleting teams and members', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  let count = 0;
  const createTeam = async (name = 'Team'): Promise<Json> => (await api.post('/v1/team', { name })).body;
  const createMember = async (teamId: string, name = 'Ada'): Promise<Json> =>
    (await api.post(`/v1/team/${teamId}/member`, { name, email: `m${count++}@example.com` })).body;
  const remove = (path: string) => api.send('DELETE', path);
  const put = (path: string, json: unknown) => api.send('PUT', path, { json });
  const openIncident = async (teamId: string, more: Parameters<typeof storeOpenIncident>[2] = {}) => ({
    id: await storeOpenIncident(api, teamId, { name: 'Down', ...more }),
  });
  const createRuleset = (teamId: string, more: object = {}) =>
    api.post('/v1/ruleset', {
      rule_type: 'webhook',
      conditions: [],
      level: 'team',
      team_id: teamId,
      name: 'Rule',
      description: '',
      urgency: 'low',
      ...more,
    });
  const resolve = (id: string) => api.database.sql`UPDATE incidents SET status = 'resolved' WHERE id = ${id}`;
  const kinds = ({ body }: Json) => body.references.map(({ type }: Json) => type);

  it('shows and changes a team, the same way twice', async () => {
    const team = await createTeam();
    for (let time = 0; time < 2; time++) {
      const { status, body } = await put(`/v1/team/${team.id}`, { time_zone: 'Europe/Berlin' });
      assert.deepEqual([status, body], [200, { ...team, time_zone: 'Europe/Berlin' }]);
    }
    const { body } = await put(`/v1/team/${team.id}`, { name: 'Renamed' });
    assert.deepEqual(body, { ...team, name: 'Renamed', time_zone: 'Europe/Berlin' });
    assert.deepEqual((await api.get(`/v1/team/${team.id}`)).body, body);
    const answer = await put(`/v1/team/${team.id}`, { name: '', time_zone: '+02:00', number: 1 });
    assert.deepEqual(faultyFields(answer), ['name', 'number', 'time_zone']);
  });

  it('shows and changes a member of its team alone', async () => {
    const [team, other] = [await createTeam(), await createTeam()];
    const member = await createMember(team.id);
    const path = `/v1/team/${team.id}/member/${member.id}`;
    assert.deepEqual((await api.get(path)).body, member);
    const zone = (await put(path, { time_zone: 'Asia/Kolkata' })).body;
    assert.deepEqual(zone, { ...member, time_zone: 'Asia/Kolkata' });
    assert.deepEqual((await put(path, { name: 'Bo' })).body, { ...zone, name: 'Bo' });
    assert.deepEqual((await put(path, { time_zone: null, email: 'Bo@Example.com' })).body, {
      ...member,
      name: 'Bo',
      email: 'Bo@Example.com',
    });
    assert.equal((await put(path, { email: 'bo@example.com' })).status, 200, "one's own, in another case");
    const answer = await put(path, { name: null, email: 'nobody', time_zone: 'Mars/Olympus', team_id: other.id });
    assert.deepEqual(faultyFields(answer), ['email', 'name', 'team_id', 'time_zone']);
    for (const wrong of [
      `/v1/team/${other.id}/member/${member.id}`,
      `/v1/team/${team.id}/member/${unknown}`,
      `${path}0`,
    ]) {
      assert.equal((await api.get(wrong)).status, 404);
      assert.equal((await put(wrong, { name: 'X' })).status, 404);
      assert.equal((await remove(wrong)).status, 404);
    }
  });

  it('gives an address to one member of a team, however many ask at once', async () => {
    const team = await createTeam();
    const members = await Promise.all([1, 2, 3, 4].map(() => createMember(team.id)));
    const answers = await Promise.all(
      members.map(({ id }, index) =>
        put(`/v1/team/${team.id}/member/${id}`, { email: index % 2 ? 'same@example.com' : 'SAME@example.com' }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409]);
    for (const answer of answers)
      if (answer.status === 409)
        assert.deepEqual([answer.body.code, faultyFields(answer)], ['already_exists', ['email']]);
  });

  it('keeps a member who has duties, and says which', async () => {
    const team = await createTeam();
    const member = await createMember(team.id);
    const path = `/v1/team/${team.id}/member/${member.id}`;
    const assignees = [{ type: 'member' as const, id: member.id }];
    const incident = await openIncident(team.id, { assignees });
    const ruleset = (await createRuleset(team.id, { assignees })).body;
    const entry = { team_member_id: member.id, week_days: [1], start_time: '08:00:00', end_time: '17:59:59' };
    const made = await api.post(`/v1/team/${team.id}/schedule`, entry);
    assert.equal(made.status, 201, made.text);
    const override = { member_id: member.id, since: new Date().toISOString(), until: '2999-01-01T00:00:00Z' };
    const overridden = await api.post(`/v1/team/${team.id}/override`, override);
    assert.equal(overridden.status, 201, overridden.text);

    const refused = await remove(path);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.deepEqual(kinds(refused), ['ruleset', 'incident', 'schedule_entry', 'override']);
    assert.deepEqual(refused.body.references[0], { type: 'ruleset', id: ruleset.id, name: 'Rule' });
    assert.deepEqual(refused.body.references[1], { type: 'incident', id: incident.id, name: 'Down' });
    assert.deepEqual([refused.body.references[2].id, refused.body.references[2].name], [null, made.body.created_at]);
    assert.equal((await api.get(path)).status, 200);

    await resolve(incident.id);
    await api.send('DELETE', `/v1/ruleset/${ruleset.id}`);
    const { created_at: createdAt } = made.body;
    await remove(`/v1/team/${team.id}/schedule?team_member_id=${member.id}&created_at=${createdAt}`);
    assert.deepEqual(kinds(await remove(path)), ['override']);
    await remove(`/v1/team/${team.id}/override?override_id=${overridden.body.id}`);
    assert.equal((await remove(path)).status, 200);
    assert.equal((await remove(path)).status, 404);
  });

  it('forgets a deleted member but for the name', async () => {
    const team = await createTeam();
    const member = await createMember(team.id);
    const incident = await openIncident(team.id);
    await api.database.sql`
      INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel)
      SELECT organisation_id, id, 1, 0, 'acknowledged', now(),
        ${api.database.sql.json({ type: 'member', id: member.id, name: member.name })}, 'api'
      FROM incidents WHERE id = ${incident.id}`;
    assert.equal((await remove(`/v1/team/${team.id}/member/${member.id}`)).status, 200);
    const log = (await api.get(`/v1/incident/${incident.id}/log`)).body.log_entries;
    assert.deepEqual(log[0].agent, { type: 'member', id: member.id, name: 'Ada' });
    const [row] = await api.database.sql`SELECT name, email FROM members WHERE id = ${member.id}`;
    assert.deepEqual({ ...row }, { name: 'Ada', email: '' });
    assert.deepEqual((await api.get(`/v1/team/${team.id}/members`)).body.members, []);
    const assignees = [{ type: 'member' as const, id: member.id }];
    const bodies = { name: 'A', description: '', urgency: 'low', assignees };
    assert.deepEqual(faultyFields(await api.post(`/v1/team/${team.id}/incident`, bodies)), ['assignees[0].id']);
    assert.deepEqual(faultyFields(await createRuleset(team.id, { assignees })), ['assignees[0].id']);
    const by = await api.post(`/v1/incident/${incident.id}/acknowledge`, { by: member.id });
    assert.deepEqual(faultyFields(by), ['by']);
    const again = await api.post(`/v1/team/${team.id}/member`, { name: 'Ada', email: member.email });
    assert.equal(again.status, 201, 'the address is free');
  });

  it('keeps a team that has members, work or duties, and says which', async () => {
    const team = await createTeam();
    const elsewhere = await createTeam();
    const path = `/v1/team/${team.id}`;
    const member = await createMember(team.id);
    const own = await openIncident(team.id, { assignees: [{ type: 'team', id: elsewhere.id }] });
    const assigned = await openIncident(elsewhere.id, { assignees: [{ type: 'team', id: team.id }], name: 'Assigned' });
    const rulesets = [
      (await createRuleset(team.id)).body,
      (await createRuleset(elsewhere.id, { assignees: [{ type: 'team', id: team.id }] })).body,
    ];
    const refused = await remove(path);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.deepEqual(
      refused.body.references.map(({ id }: Json) => id),
      [member.id, ...rulesets.map(({ id }) => id), own.id, assigned.id],
    );
    assert.match(refused.body.detail, /1 member, 2 rulesets, 2 open incidents\.$/);

    for (const { id } of [own, assigned]) await resolve(id);
    for (const { id } of rulesets) await api.send('DELETE', `/v1/ruleset/${id}`);
    assert.deepEqual(kinds(await remove(path)), ['member']);
    await remove(`${path}/member/${member.id}`);
    assert.equal((await remove(path)).status, 200);
    for (const answer of [
      await api.get(path),
      await put(path, { name: 'X' }),
      await remove(path),
      await api.get(`${path}/incidents`),
      await api.get(`${path}/members`),
      await api.post(`${path}/member`, { name: 'A', email: 'a@example.com' }),
      await api.post(`${path}/incident`, { name: 'A', description: '', urgency: 'low' }),
    ])
      assert.equal(answer.status, 404);
    const listed = (await api.get('/v1/teams?limit=200')).body.teams;
    assert.ok(!listed.some(({ id }: Json) => id === team.id));
    assert.deepEqual(faultyFields(await createRuleset(team.id)), ['team_id']);
    assert.equal((await api.get(`/v1/incident/${own.id}`)).body.team_id, team.id, 'its past stays');
  });

  it('keeps a team while something is assigned to its schedule', async () => {
    const [team, elsewhere] = [await createTeam(), await createTeam()];
    const assignees = [{ type: 'schedule' as const, id: team.id }];
    const incident = await openIncident(elsewhere.id, { assignees });
    const ruleset = (await createRuleset(elsewhere.id)).body;
    await api.database.sql`
      UPDATE rulesets SET assignees = ${api.database.sql.json(assignees)} WHERE id = ${ruleset.id}`;
    const path = `/v1/team/${team.id}`;
    assert.deepEqual(kinds(await remove(path)), ['ruleset', 'incident']);
    await resolve(incident.id);
    await api.send('DELETE', `/v1/ruleset/${ruleset.id}`);
    assert.equal((await remove(path)).status, 200);
    const body = { name: 'A', description: '', urgency: 'low', assignees };
    const refused = await api.post(`/v1/team/${elsewhere.id}/incident`, body);
    assert.deepEqual([refused.status, faultyFields(refused)], [422, ['assignees[0].id']], 'it went with its team');
  });

  it('keeps the default team', async () => {
    const refused = await remove(`/v1/team/${await api.defaultTeamId()}`);
    assert.equal(refused.status, 409);
    assert.equal(kinds(refused)[0], 'organisation');
  });

  it('names at most 50 of what refers to a team', async () => {
    const team = await createTeam();
    await api.database.sql`
      INSERT INTO members (id, organisation_id, team_id, name, email)
      SELECT gen_random_uuid(), t.organisation_id, t.id, 'M', n || '@example.com' FROM teams t, generate_series(1, 60) n
      WHERE t.id = ${team.id}`;
    const refused = await remove(`/v1/team/${team.id}`);
    assert.equal(refused.body.references.length, 50);
    assert.match(refused.body.detail, /and maybe more\.$/);
  });

  it('never deletes one that is given a duty at the same moment', async () => {
    for (let round = 0; round < 8; round++) {
      const team = await createTeam();
      const member = await createMember(team.id);
      const path = `/v1/team/${team.id}/member/${member.id}`;
      const duty = { assignees: [{ type: 'member', id: member.id }] };
      const [ruleset, removed] = await Promise.all([createRuleset(team.id, duty), remove(path)]);
      assert.deepEqual([ruleset.status, removed.status], ruleset.status === 201 ? [201, 409] : [422, 200]);
      const second = await createTeam();
      const [joined, gone] = await Promise.all([
        api.post(`/v1/team/${second.id}/member`, { name: 'A', email: 'a@example.com' }),
        remove(`/v1/team/${second.id}`),
      ]);
      assert.deepEqual([joined.status, gone.status], joined.status === 201 ? [201, 409] : [404, 200]);
    }
  });

  it('leaves other organisations alone', async () => {
    const other = await api.createOrganisation('Other');
    const team = await createTeam();
    const member = await createMember(team.id);
    for (const path of [`/v1/team/${team.id}`, `/v1/team/${team.id}/member/${member.id}`])
      for (const [method, json] of [
        ['GET', undefined],
        ['PUT', {}],
        ['DELETE', undefined],
      ] as const)
        assert.equal((await api.send(method, path, { key: other.key, json })).status, 404, `${method} ${path}`);
    assert.equal((await api.get(`/v1/team/${team.id}/member/${member.id}`)).status, 200);
  });
});
