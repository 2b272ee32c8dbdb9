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

  it('are shown, replaced and deleted one by one', async () => {
    const { body: made } = await api.post('/v1/ruleset', { ...draft, auto_resolve_timeout: 60 });
    const path = `/v1/ruleset/${made.id}`;
    assert.deepEqual((await api.get(path)).body, made);

    const changed = await api.send('PUT', path, { json: { ...draft, name: 'Renamed', enabled: false } });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(changed.body, { ...made, name: 'Renamed', enabled: false, auto_resolve_timeout: 14400 });
    assert.deepEqual((await api.get(path)).body, changed.body);

    const refused = await api.send('PUT', path, { json: { ...draft, team_id: made.id, urgency: 'critical' } });
    assert.deepEqual([refused.status, faultyFields(refused)], [422, ['urgency']]);
    const unknown = await api.send('PUT', path, { json: { ...draft, team_id: made.id } });
    assert.deepEqual([unknown.status, faultyFields(unknown)], [422, ['team_id']]);
    assert.deepEqual((await api.get(path)).body, changed.body);

    assert.equal((await api.send('DELETE', path)).status, 200);
    for (const method of ['GET', 'DELETE'] as const) assert.equal((await api.send(method, path)).status, 404);
    assert.equal((await api.send('PUT', path, { json: draft })).status, 404);
    const { team } = (await api.get('/v1/rulesets?limit=200')).body;
    assert.equal(
      team.some(({ id }: { id: string }) => id === made.id),
      false,
    );
  });

  it('name every faulty field at once, of shape and of meaning', async () => {
    const answer = await api.post('/v1/ruleset', {
      ...draft,
      name: ' ',
      urgency: 'critical',
      auto_resolve_timeout: 0,
      assignees: [{ type: 'schedule', id: 'x' }],
      conditions: [
        { type: 'json-check', key: 'a[', operator: 'equal', values: ['1'] },
        { type: 'json-check', key: 'a', operator: 'resembles', values: ['1'] },
        { type: 'json-check', key: 'a', operator: 'matches', values: ['(?<=a)b', '('] },
        { type: 'json-check', key: 'a', operator: 'greater-than', values: ['ten'] },
        { type: 'guess', key: 'a', operator: 'equal', values: ['1'] },
        { type: 'json-check', key: 7, operator: 'equal', values: 'x' },
        { type: 'json-check', key: 'a', operator: 'equal', values: [] },
        { type: 'json-check', key: 'a', operator: 'equal', values: ['\0'], extra: 1 },
      ],
      severity: 'high',
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(faultyFields(answer), [
      'assignees[0].id',
      'assignees[0].type',
      'auto_resolve_timeout',
      'conditions[0].key',
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
      'name',
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
      ],
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(faultyFields(answer), ['assignees[1].id', 'assignees[2].id', 'team_id', 'webhook_id']);
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
