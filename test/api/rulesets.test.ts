import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type TestApi } from '../support/api.ts';

describe('rulesets over HTTP', () => {
  let api: TestApi;
  let draft: Record<string, unknown>;
  before(async () => {
    api = await startTestApi();
    draft = {
      rule_type: 'webhook',
      conditions: [{ values: ['10'], operator: 'equal', type: 'json-check', key: 'products[0].count' }],
      level: 'team',
      team_id: await api.defaultTeamId(),
      name: 'Name',
      description: 'Description',
      urgency: 'medium',
    };
  });
  after(() => api.close());

  it('show what they were made with, by level', async () => {
    const teamId = draft.team_id;
    const first = await api.post('/v1/ruleset', { ...draft, assignees: [{ type: 'team', id: teamId }] });
    assert.equal(first.status, 201);
    const { id, number, created_at, ...rest } = first.body;
    assert.ok(id && number && created_at);
    assert.deepEqual(rest, {
      ...draft,
      assignees: [{ type: 'team', id: teamId }],
      webhook_id: null,
      enabled: true,
      acknowledgement_timeout: 1800,
      auto_resolve_timeout: 14400,
      incident_key: null,
      severity: null,
      priority: null,
      quiet_resolve: null,
      escalation_policy_id: null,
      support_hours: null,
      version: 1,
    });
    const second = await api.post('/v1/ruleset', {
      ...draft,
      level: 'organisation',
      enabled: false,
      acknowledgement_timeout: null,
      auto_resolve_timeout: 60,
    });
    assert.deepEqual([second.body.acknowledgement_timeout, second.body.auto_resolve_timeout], [null, 60]);
    assert.deepEqual((await api.get('/v1/rulesets')).body, {
      team: [first.body],
      organisation: [second.body],
      next_cursor: null,
    });
    const page = (await api.get('/v1/rulesets?limit=1')).body;
    assert.deepEqual([page.team.length, page.organisation.length], [1, 0]);
    const next = (await api.get(`/v1/rulesets?limit=1&cursor=${page.next_cursor}`)).body;
    assert.deepEqual([next.team.length, next.organisation.length, next.next_cursor], [0, 1, null]);
  });

  it('take every type of condition, templates, and all that is optional', async () => {
    const teamId = draft.team_id;
    const given = {
      ...draft,
      rule_type: 'state-change',
      conditions: [
        { type: 'json-check', key: '/products/0/count', operator: 'less-than', values: ['10'] },
        { type: 'text-check', key: '', operator: 'contains', values: ['shop'] },
        { type: 'text-check', key: 'body', operator: 'matches', values: ['(?i)shop'] },
        { type: 'tag-check', key: '*', operator: 'equal', values: ['env:prod'] },
        { type: 'metadata-check', key: 'header.X-Source', operator: 'exists', values: [] },
      ],
      name: '{{payload.service}} is down',
      description: '{{alert}} {{webhook.name}} {{received_at}}',
      incident_key: '{{payload.alert.id}}',
      severity: 'SEV1',
      priority: 'P2',
      quiet_resolve: 600,
      assignees: [{ type: 'schedule', id: teamId }],
      webhook_id: (await api.post('/v1/webhook', {})).body.id,
    };
    const { status, body } = await api.post('/v1/ruleset', given);
    assert.equal(status, 201);
    for (const [field, value] of Object.entries(given)) assert.deepEqual(body[field], value, field);

    // A text-check needs no key, and an operator without values no list.
    const short = { type: 'text-check', operator: 'exists' };
    const answer = await api.post('/v1/ruleset', { ...draft, conditions: [short] });
    assert.deepEqual(answer.body.conditions, [{ ...short, key: '', values: [] }]);
  });

  it('take support hours, and name what is wrong with them', async () => {
    const hours = {
      time_zone: 'Europe/Berlin',
      week_days: [1, 2, 3, 4, 5],
      start_time: '08:00:00',
      end_time: '17:59:59',
      urgency: 'high',
      otherwise: 'low',
    };
    const made = await api.post('/v1/ruleset', {
      ...draft,
      support_hours: { ...hours, week_days: [5, 4, 3, 2, 1, 1] },
    });
    assert.deepEqual([made.status, made.body.support_hours], [201, hours]);
    const put = (json: object) => api.send('PUT', `/v1/ruleset/${made.body.id}`, { json });
    assert.deepEqual((await put({ name: 'Renamed' })).body.support_hours, hours);
    const refused = await put({
      support_hours: { time_zone: '+02:00', week_days: [7], start_time: '24:00:00', urgency: 'none', colour: 'red' },
    });
    assert.deepEqual(faultyFields(refused), [
      'support_hours.colour',
      'support_hours.end_time',
      'support_hours.otherwise',
      'support_hours.start_time',
      'support_hours.time_zone',
      'support_hours.urgency',
      'support_hours.week_days[0]',
    ]);
    assert.deepEqual(faultyFields(await put({ support_hours: [] })), ['support_hours']);
    assert.equal((await put({ support_hours: null })).body.support_hours, null);
  });

  it('are shown, changed and deleted one by one', async () => {
    const { body: made } = await api.post('/v1/ruleset', { ...draft, auto_resolve_timeout: 60, severity: 'SEV1' });
    const path = `/v1/ruleset/${made.id}`;
    assert.deepEqual((await api.get(path)).body, made);

    const put = (json: object) => api.send('PUT', path, { json });
    const changed = await put({ ...draft, name: 'Renamed', enabled: false });
    assert.equal(changed.status, 200, changed.text);
    const { message, ...renamed } = changed.body;
    assert.equal(message, 'The ruleset was updated.');
    assert.deepEqual(renamed, { ...made, name: 'Renamed', enabled: false, version: 2 });
    assert.deepEqual((await api.get(path)).body, renamed);

    const refused = await put({ ...draft, team_id: made.id, urgency: 'critical' });
    assert.deepEqual([refused.status, faultyFields(refused)], [422, ['urgency']]);
    const unknown = await put({ ...draft, team_id: made.id });
    assert.deepEqual([unknown.status, faultyFields(unknown)], [422, ['team_id']]);
    assert.deepEqual((await api.get(path)).body, renamed);

    assert.equal((await api.send('DELETE', path)).status, 200);
    for (const method of ['GET', 'DELETE'] as const) assert.equal((await api.send(method, path)).status, 404);
    assert.equal((await put(draft)).status, 404);
    assert.equal((await put({})).status, 404);
    const { team } = (await api.get('/v1/rulesets?limit=200')).body;
    assert.equal(
      team.some(({ id }: { id: string }) => id === made.id),
      false,
    );
  });

  it('keep what a change leaves out, and lose what it sets to null', async () => {
    const given = { severity: 'SEV1', priority: 'P2', incident_key: '{{payload.id}}', quiet_resolve: 60 };
    const { body: made } = await api.post('/v1/ruleset', { ...draft, ...given, acknowledgement_timeout: 5 });
    const put = async (json: object) => {
      const { message, ...changed } = (await api.send('PUT', `/v1/ruleset/${made.id}`, { json })).body;
      assert.ok(message);
      return changed;
    };
    assert.deepEqual(await put({}), { ...made, version: 2 });
    assert.deepEqual(await put({ enabled: false }), { ...made, enabled: false, version: 3 });
    assert.deepEqual(await put({ enabled: true, conditions: [] }), { ...made, conditions: [], version: 4 });
    const nothing = { severity: null, priority: null, incident_key: null, quiet_resolve: null };
    assert.deepEqual(await put({ ...nothing, acknowledgement_timeout: null, conditions: made.conditions }), {
      ...made,
      ...nothing,
      acknowledgement_timeout: null,
      version: 5,
    });
  });

  it('are checked as a whole when they are changed', async () => {
    const { body: made } = await api.post('/v1/ruleset', { ...draft, conditions: [] });
    const path = `/v1/ruleset/${made.id}`;
    const put = (json: object) => api.send('PUT', path, { json });
    const edge = await put({ rule_type: 'state-change' });
    assert.deepEqual([edge.status, faultyFields(edge)], [422, ['conditions']]);
    assert.match(edge.body.errors[0].message, /json-check or text-check/);
    const both = await put({ rule_type: 'state-change', conditions: draft.conditions });
    assert.equal(both.status, 200);
    assert.deepEqual(faultyFields(await put({ conditions: [] })), ['conditions']);
    const wrong = await put({
      name: '{{nobody}}',
      conditions: [{ type: 'tag-check', key: 'a:b', operator: 'exists' }],
      x: 1,
    });
    assert.deepEqual(faultyFields(wrong), ['conditions[0].key', 'name', 'x']);
    for (const field of ['name', 'team_id', 'conditions', 'urgency', 'enabled', 'rule_type'])
      assert.deepEqual(faultyFields(await put({ [field]: null })), [field]);
    assert.deepEqual({ message: both.body.message, ...(await api.get(path)).body }, both.body);
  });

  it('can be changed when an earlier release stored as text what is no template', async () => {
    const { body: made } = await api.post('/v1/ruleset', draft);
    await api.database.sql`UPDATE rulesets SET name = 'Use {{ here', description = '{{x}}' WHERE id = ${made.id}`;
    const put = (json: object) => api.send('PUT', `/v1/ruleset/${made.id}`, { json });
    const { status, body } = await put({ enabled: false });
    assert.deepEqual([status, body.name, body.enabled], [200, 'Use {{ here', false]);
    assert.deepEqual(faultyFields(await put({ name: 'Use {{ here' })), ['name']);
  });

  it('name every faulty field at once, of shape and of meaning', async () => {
    const answer = await api.post('/v1/ruleset', {
      ...draft,
      name: ' ',
      urgency: 'critical',
      auto_resolve_timeout: 0,
      assignees: [{ type: 'robot', id: 'x' }],
      incident_key: '{{payload[}}',
      description: '{{constructor}}',
      quiet_resolve: 0,
      conditions: [
        { type: 'json-check', key: 'a[', operator: 'equal', values: ['1'] },
        { type: 'json-check', key: 'a', operator: 'resembles', values: ['1'] },
        { type: 'json-check', key: 'a', operator: 'matches', values: ['(?<=a)b', '('] },
        { type: 'json-check', key: 'a', operator: 'greater-than', values: ['ten'] },
        { type: 'guess', key: 'a', operator: 'equal', values: ['1'] },
        { type: 'json-check', key: 7, operator: 'equal', values: 'x' },
        { type: 'json-check', key: 'a', operator: 'equal', values: [] },
        { type: 'json-check', key: 'a', operator: 'equal', values: ['\0'], extra: 1 },
        { type: 'tag-check', key: 'a:b', operator: 'equal', values: ['1'] },
        { type: 'metadata-check', key: 'colour', operator: 'equal', values: ['1'] },
        { type: 'text-check', key: 'a', operator: 'equal', values: ['1'] },
        { type: 'json-check', operator: 'exists' },
      ],
      severity: 5,
      priority: 'x'.repeat(65),
      colour: 'red',
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(faultyFields(answer), [
      'assignees[0].id',
      'assignees[0].type',
      'auto_resolve_timeout',
      'colour',
      'conditions[0].key',
      'conditions[10].key',
      'conditions[11].key',
      'conditions[1].operator',
      'conditions[2].values[0]',
      'conditions[2].values[1]',
      'conditions[3].values[0]',
      'conditions[4].type',
      'conditions[5].key',
      'conditions[5].values',
      'conditions[6].values',
      'conditions[7].extra',
      'conditions[7].values[0]',
      'conditions[8].key',
      'conditions[9].key',
      'description',
      'incident_key',
      'name',
      'priority',
      'quiet_resolve',
      'severity',
      'urgency',
    ]);
  });

  it('name what the organisation does not have', async () => {
    const other = await api.createOrganisation('Other');
    const webhook = (await api.post('/v1/webhook', {}, { key: other.key })).body;
    const before = (await api.get('/v1/rulesets')).body;
    const answer = await api.post('/v1/ruleset', {
      ...draft,
      team_id: other.teamId,
      webhook_id: webhook.id,
      assignees: [
        { type: 'team', id: draft.team_id },
        { type: 'member', id: draft.team_id },
        { type: 'team', id: other.teamId },
        { type: 'schedule', id: other.teamId },
      ],
    });
    assert.equal(answer.status, 422);
    const unknown = ['assignees[1].id', 'assignees[2].id', 'assignees[3].id', 'team_id', 'webhook_id'];
    assert.deepEqual(faultyFields(answer), unknown);
    assert.deepEqual((await api.get('/v1/rulesets')).body, before);
  });

  it('are bounded', async () => {
    const condition = { type: 'json-check', key: 'a', operator: 'equal', values: ['1'] };
    for (const [field, change] of [
      ['conditions', { conditions: Array.from({ length: 101 }, () => condition) }],
      ['conditions[0].values', { conditions: [{ ...condition, values: Array.from({ length: 101 }, () => '1') }] }],
      ['conditions[0].values[0]', { conditions: [{ ...condition, values: ['x'.repeat(1_025)] }] }],
      ['description', { description: 'x'.repeat(15_001) }],
      ['name', { name: 'x'.repeat(256) }],
    ] as const) {
      const answer = await api.post('/v1/ruleset', { ...draft, ...change });
      assert.deepEqual([answer.status, faultyFields(answer)], [422, [field]]);
    }
  });
});
