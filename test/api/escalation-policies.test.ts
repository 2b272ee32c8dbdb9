import assert from 'node:assert/strict';
import type { IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('escalation policies over HTTP', () => {
  let api: TestApi;
  let teamId: string;
  let ada: string;
  before(async () => {
    // Nobody waits for workflows here.
    api = await startTestApi({ workflows: { start: async () => {} } as unknown as IncidentWorkflows });
    teamId = await api.defaultTeamId();
    ada = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
  });
  after(() => api.close());

  const level = (...targets: Json[]) => ({ delay: 60, targets, assign: 'everyone' });
  const member = (id: string) => ({ type: 'member', id });
  const create = async (given: object = {}): Promise<Json> => {
    const levels = [level({ type: 'schedule', id: teamId }), level(member(ada))];
    const { status, body } = await api.post('/v1/escalation-policy', { name: 'Policy', levels, ...given });
    assert.equal(status, 201);
    return body;
  };
  const put = (id: string, json: object) => api.send('PUT', `/v1/escalation-policy/${id}`, { json });
  const remove = (id: string) => api.send('DELETE', `/v1/escalation-policy/${id}`);
  const rule = (given: object = {}) => ({
    rule_type: 'webhook',
    conditions: [],
    level: 'team',
    team_id: teamId,
    name: 'Rule',
    description: '',
    urgency: 'low',
    ...given,
  });

  it('are made, shown, listed and deleted', async () => {
    const targets = [member(ada), { type: 'team', id: teamId }, { type: 'schedule', id: teamId }];
    const given = { name: 'Checkout', levels: [{ delay: 1, targets, assign: 'round_robin' }], repeat: 9 };
    const made = await create(given);
    const { id, number, created_at, ...rest } = made;
    assert.ok(id && number && created_at);
    assert.deepEqual(rest, { ...given, repeat_from_level: 1, version: 1 });
    assert.deepEqual((await api.get(`/v1/escalation-policy/${id.toUpperCase()}`)).body, made);

    const second = await create({ levels: [{ delay: 604_800, targets: [member(ada)] }] });
    assert.equal(second.levels[0].assign, 'everyone');
    const first = (await api.get('/v1/escalation-policies?limit=1')).body;
    const next = (await api.get(`/v1/escalation-policies?limit=1&cursor=${first.next_cursor}`)).body;
    assert.deepEqual([...first.escalation_policies, ...next.escalation_policies], [made, second]);
    assert.equal(next.next_cursor, null);

    assert.equal((await remove(id)).status, 200);
    for (const answer of [await remove(id), await api.get(`/v1/escalation-policy/${id}`), await put(id, {})])
      assert.equal(answer.status, 404);
    assert.deepEqual((await api.get('/v1/escalation-policies')).body.escalation_policies, [second]);
  });

  it('keep what a change leaves out, and count their changes', async () => {
    const made = await create({ repeat: 2, repeat_from_level: 2 });
    assert.deepEqual((await put(made.id, {})).body, { ...made, version: 2 });
    assert.deepEqual((await put(made.id, { name: 'New' })).body, { ...made, name: 'New', version: 3 });
    const levels = [level(member(ada)), level({ type: 'team', id: teamId }), level(member(ada))];
    const changed = await put(made.id, { levels, repeat_from_level: 3, repeat: 0 });
    const expected = { ...made, name: 'New', levels, repeat: 0, repeat_from_level: 3, version: 4 };
    assert.deepEqual([changed.status, changed.body], [200, expected]);

    const shorter = await put(made.id, { levels: levels.slice(1) });
    assert.deepEqual([shorter.status, faultyFields(shorter)], [422, ['repeat_from_level']]);
    assert.deepEqual(faultyFields(await put(made.id, { repeat_from_level: 4 })), ['repeat_from_level']);
    for (const field of ['name', 'levels', 'repeat', 'repeat_from_level'])
      assert.deepEqual(faultyFields(await put(made.id, { [field]: null })), [field]);
    const strangers = await put(made.id, { levels: [...levels.slice(1), level(member(unknown))] });
    assert.deepEqual(faultyFields(strangers), ['levels[2].targets[0].id']);
    assert.deepEqual((await api.get(`/v1/escalation-policy/${made.id}`)).body, expected);
  });

  it('name every faulty field at once, and store nothing', async () => {
    const before = (await api.get('/v1/escalation-policies?limit=200')).body.escalation_policies.length;
    const post = (json: object) => api.post('/v1/escalation-policy', json);
    assert.deepEqual(faultyFields(await post({})), ['levels', 'name']);
    const answer = await post({
      name: ' ',
      colour: 'red',
      repeat: 10,
      repeat_from_level: 8,
      levels: [
        { ...level(member(ada), member(ada.toUpperCase())), delay: 0 },
        { targets: [], assign: 'anyone', delay: 604_801 },
        level({ type: 'robot', id: 'x' }, member(ada), member(ada), 5),
        level(...Array.from({ length: 11 }, () => member(ada))),
        { ...level(member(ada)), delay: 1.5 },
        7,
      ],
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(faultyFields(answer), [
      'colour',
      'levels[0].delay',
      'levels[0].targets[1]',
      'levels[1].assign',
      'levels[1].delay',
      'levels[1].targets',
      'levels[2].targets[0].id',
      'levels[2].targets[0].type',
      'levels[2].targets[2]',
      'levels[2].targets[3]',
      'levels[3].targets',
      'levels[4].delay',
      'levels[5]',
      'name',
      'repeat',
      'repeat_from_level',
    ]);
    for (const levels of [[], 'x', null, Array.from({ length: 21 }, () => level(member(ada)))])
      assert.deepEqual(faultyFields(await post({ name: 'P', levels })), ['levels']);

    const other = await api.createOrganisation('Other');
    const foreign = await post({ name: 'P', levels: [level(member(ada)), level({ type: 'team', id: other.teamId })] });
    assert.deepEqual([foreign.status, faultyFields(foreign)], [422, ['levels[1].targets[0].id']]);
    const after = (await api.get('/v1/escalation-policies?limit=200')).body.escalation_policies.length;
    assert.equal(after, before);
  });

  it('stay while a ruleset has them', async () => {
    const { id } = await create();
    const { body: ruleset } = await api.post('/v1/ruleset', rule({ escalation_policy_id: id.toUpperCase() }));
    assert.equal(ruleset.escalation_policy_id, id);
    const refused = await remove(id);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.deepEqual(refused.body.references, [{ type: 'ruleset', id: ruleset.id, name: 'Rule' }]);

    const change = (json: object) => api.send('PUT', `/v1/ruleset/${ruleset.id}`, { json });
    assert.equal((await change({ name: 'Renamed' })).body.escalation_policy_id, id);
    assert.equal((await change({ escalation_policy_id: null })).body.escalation_policy_id, null);
    assert.equal((await remove(id)).status, 200);
    assert.deepEqual(faultyFields(await change({ escalation_policy_id: id })), ['escalation_policy_id']);
    assert.deepEqual(
      faultyFields(await api.post('/v1/ruleset', rule({ escalation_policy_id: unknown, team_id: unknown }))),
      ['escalation_policy_id', 'team_id'],
    );
  });

  it('keep their teams and members from being deleted', async () => {
    const team = (await api.post('/v1/team', { name: 'Team' })).body.id;
    const ben = (await api.post(`/v1/team/${team}/member`, { name: 'Ben', email: 'ben@example.com' })).body.id;
    const named = await create({ name: 'Named', levels: [level(member(ada)), level(member(ada), member(ben))] });
    const path = `/v1/team/${team}/member/${ben}`;
    const refused = await api.send('DELETE', path);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.deepEqual(refused.body.references, [{ type: 'escalation_policy', id: named.id, name: 'Named' }]);
    assert.match(refused.body.detail, /1 escalation policy\b/);

    for (const type of ['team', 'schedule']) {
      await put(named.id, { levels: [level(member(ada), { type, id: team })] });
      assert.equal((await api.send('DELETE', path)).status, type === 'team' ? 200 : 404);
      const kept = await api.send('DELETE', `/v1/team/${team}`);
      assert.deepEqual(kept.body.references, [{ type: 'escalation_policy', id: named.id, name: 'Named' }]);
    }
    await remove(named.id);
    assert.equal((await api.send('DELETE', `/v1/team/${team}`)).status, 200);
  });

  describe('given to an incident', () => {
    const open = (given: object) =>
      api.post(`/v1/team/${teamId}/incident`, { name: 'Down', description: '', urgency: 'high', ...given });

    it('are shown with the level that is asked, as they were then', async () => {
      const policy = await create({ name: 'First' });
      const { status, body } = await open({ escalation_policy_id: policy.id });
      assert.equal(status, 201);
      const escalation = { policy_id: policy.id, policy_name: 'First', policy_version: 1, level: 1, cycle: 0 };
      assert.deepEqual(body.escalation, { ...escalation, exhausted: false });
      assert.deepEqual(body.assignees, [{ type: 'schedule', id: teamId }]);
      const due = body.pending_actions.find(({ type }: Json) => type === 'escalate');
      assert.equal(Date.parse(due.at) - Date.parse(body.created_at), 60_000);

      await put(policy.id, { name: 'Second' });
      assert.equal((await remove(policy.id)).status, 200, 'an incident that has it is no obstacle');
      const { body: shown } = await api.get(`/v1/incident/${body.id}`);
      assert.deepEqual(shown.escalation, { ...escalation, exhausted: false });
      const { incidents } = (await api.get('/v1/organisation/incidents?limit=1')).body;
      assert.deepEqual(incidents[0].escalation, shown.escalation);
      assert.equal((await open({})).body.escalation, null);
    });

    it('go to the next in turn, once for a request that is repeated', async () => {
      const ben = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ben', email: 'b@example.com' })).body.id;
      const { id } = await create({ levels: [{ ...level(member(ada), member(ben)), assign: 'round_robin' }] });
      const asked = async (key: string) => {
        const options = { headers: { 'Idempotency-Key': key } };
        const json = { name: 'Down', description: '', urgency: 'high', escalation_policy_id: id };
        const { body } = await api.post(`/v1/team/${teamId}/incident`, json, options);
        return body.assignees[0].id;
      };
      const order = [];
      for (const key of ['turn-1', 'turn-2', 'turn-2', 'turn-3']) order.push(await asked(key));
      assert.deepEqual(order, [ada, ben, ben, ada]);
    });

    it('are refused when there is no such one, beside what else is wrong', async () => {
      const other = await api.createOrganisation('Other');
      const levels = [level({ type: 'team', id: other.teamId })];
      const foreign = (await api.post('/v1/escalation-policy', { name: 'P', levels }, { key: other.key })).body.id;
      for (const id of [unknown, foreign]) {
        const answer = await open({ escalation_policy_id: id, assignees: [member(unknown)] });
        assert.deepEqual([answer.status, faultyFields(answer)], [422, ['assignees[0].id', 'escalation_policy_id']]);
      }
      assert.deepEqual(faultyFields(await open({ escalation_policy_id: 'x' })), ['escalation_policy_id']);
    });
  });
});
