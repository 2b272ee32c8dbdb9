import assert from 'node:assert/strict';
import { faultyFields, type Json, type TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { startWorkingApi } from '../support/working-api.ts';

describe('incidents made by API, offered to rulesets', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let memberId: string;
  let adminKey: { id: string; name: string };

  before(async () => {
    api = await startWorkingApi();
    teamId = await api.defaultTeamId();
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
    const [row] = await api.database.sql<{ id: string; name: string }[]>`SELECT id, name FROM api_keys WHERE is_admin`;
    adminKey = row!;
  });
  after(() => api.close());
  afterEach(() => api.database.sql`UPDATE rulesets SET enabled = false`);

  const keyIs = (value: string, operator = 'equal') => ({
    type: 'metadata-check',
    key: 'api_key',
    operator,
    values: [value],
  });
  const ruleset = async (changes: Json = {}): Promise<string> => {
    const answer = await api.post('/v1/ruleset', {
      rule_type: 'webhook',
      level: 'team',
      team_id: teamId,
      name: 'Reported by support',
      description: '',
      urgency: 'low',
      conditions: [keyIs(adminKey.id)],
      assignees: [{ type: 'member', id: memberId }],
      ...changes,
    });
    assert.equal(answer.status, 201, answer.text);
    return answer.body.id;
  };
  const open = async (changes: Json = {}, headers: Record<string, string> = {}): Promise<Json> => {
    const json = { name: 'API down', description: '', urgency: 'high', ...changes };
    const answer = await api.send('POST', `/v1/team/${teamId}/incident`, { json, headers });
    assert.equal(answer.status, 201, answer.text);
    await api.begun(answer.body.id);
    return answer.body;
  };
  const opening = async (id: string): Promise<Json> => (await api.get(`/v1/incident/${id}/log`)).body.log_entries[0];
  const actionsOf = async (id: string): Promise<Json[]> => (await api.get(`/v1/incident/${id}/actions`)).body.actions;
  const count = async () => (await api.database.sql`SELECT count(*)::integer AS n FROM incidents`)[0]!.n as number;

  it('get the actions and assignees of those that ask for their key, and stay one incident', async () => {
    const rulesetId = await ruleset();
    await api.send('PUT', `/v1/ruleset/${rulesetId}/actions`, { json: { actions: [{ type: 'trigger-alerts' }] } });
    const before = await count();
    const { id, assignees, urgency } = await open();
    assert.equal(await count(), before + 1);
    assert.equal(urgency, 'high', 'what the caller said stays');
    assert.deepEqual(assignees, [
      { type: 'team', id: teamId },
      { type: 'member', id: memberId },
    ]);
    assert.deepEqual((await opening(id)).details.rulesets, [{ id: rulesetId, name: 'Reported by support' }]);
    const ran = await poll(async () => {
      const actions = await actionsOf(id);
      return actions.length > 0 && actions;
    });
    assert.deepEqual(
      ran.map(({ type, trigger }) => [type, trigger]),
      [['trigger-alerts', 'automated']],
    );
  });

  it('are matched by what they say, too', async () => {
    await ruleset({
      conditions: [keyIs(adminKey.name), { type: 'json-check', key: 'urgency', operator: 'equal', values: ['low'] }],
    });
    assert.equal((await open({ urgency: 'low' })).assignees.length, 2);
    assert.equal((await open({ urgency: 'high' })).assignees.length, 1);
  });

  it('are shown to no ruleset that asks for another key, for none, or for a webhook’s events', async () => {
    const webhook = (await api.post('/v1/webhook', { name: 'In' })).body;
    await ruleset({ conditions: [keyIs('Some other key')] });
    await ruleset({ conditions: [] });
    await ruleset({ webhook_id: webhook.id });
    await ruleset({ enabled: false });
    const { id, assignees } = await open();
    assert.deepEqual(assignees, [{ type: 'team', id: teamId }]);
    assert.equal((await opening(id)).details.rulesets, undefined);
  });

  it('name nobody twice', async () => {
    await ruleset();
    await ruleset({ name: 'Another' });
    const { assignees } = await open({ assignees: [{ type: 'member', id: memberId }] });
    assert.deepEqual(assignees, [{ type: 'member', id: memberId }]);
  });

  it('are offered once, however often the request is sent', async () => {
    const rulesetId = await ruleset();
    const headers = { 'Idempotency-Key': 'offered-once' };
    const [first, ...others] = await Promise.all(Array.from({ length: 3 }, () => open({}, headers).catch(() => null)));
    const again = await open({}, headers);
    for (const answer of [first, ...others]) if (answer) assert.equal(answer.id, again.id);
    assert.deepEqual((await opening(again.id)).details.rulesets, [{ id: rulesetId, name: 'Reported by support' }]);
    assert.equal(again.assignees.length, 2);
  });

  it('tell no ruleset what the key is', async () => {
    const header = (name: string, value: string) => {
      return { type: 'metadata-check', key: `header.${name}`, operator: 'contains', values: [value] };
    };
    await ruleset({ name: 'Of a tool', conditions: [keyIs(adminKey.id), header('X-Tool', 'desk')] });
    await ruleset({ name: 'Guessing', conditions: [keyIs(adminKey.id), header('Authorization', api.adminKey[0]!)] });
    const { id } = await open({}, { 'X-Tool': 'helpdesk' });
    assert.deepEqual(
      (await opening(id)).details.rulesets.map(({ name }: Json) => name),
      ['Of a tool'],
    );
  });

  it('are offered to the others where one ruleset is broken', async () => {
    const broken = await ruleset();
    const sound = await ruleset({ name: 'Sound' });
    await api.database.sql`
      UPDATE rulesets SET conditions = conditions || '[{"type": "no-such", "key": "x", "operator": "equal", "values": []}]'
      WHERE id = ${broken}`;
    const { id } = await open();
    assert.deepEqual((await opening(id)).details.rulesets, [{ id: sound, name: 'Sound' }]);
    assert.deepEqual(
      api.takeErrors().map(({ ruleset_id }) => ruleset_id),
      [broken],
    );
  });

  it('are declared whatever is wrong with a ruleset', async () => {
    const rulesetId = await ruleset();
    await api.database.sql`
      UPDATE rulesets SET conditions = conditions || '[{"type": "no-such", "key": "x", "operator": "equal", "values": []}]'
      WHERE id = ${rulesetId}`;
    const { assignees } = await open();
    assert.deepEqual(assignees, [{ type: 'team', id: teamId }]);
    assert.equal(api.takeErrors().length, 1);
  });

  it('leave events alone: those come with no key', async () => {
    await ruleset();
    const dryRun = await api.post('/v1/ruleset/dry-run', {
      ruleset: {
        rule_type: 'webhook',
        level: 'team',
        team_id: teamId,
        name: 'x',
        description: '',
        urgency: 'low',
        conditions: [keyIs(adminKey.id)],
      },
      events: [{ body: '{}' }],
    });
    if (dryRun.status === 200) assert.doesNotMatch(dryRun.text, /"holds":true/);
    const refused = await api.post('/v1/ruleset', {
      rule_type: 'webhook',
      level: 'team',
      team_id: teamId,
      name: 'x',
      description: '',
      urgency: 'low',
      conditions: [{ ...keyIs('x'), key: 'api_keys' }],
    });
    assert.equal(refused.status, 422);
    assert.deepEqual(faultyFields(refused), ['conditions[0].key']);
    assert.match(refused.text, /api_key/);
  });
});
