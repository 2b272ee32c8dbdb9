import assert from 'node:assert/strict';
import { startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('changes of services over HTTP', () => {
  let api: TestApi;
  let teamId: string;
  let subscriptionId: string;

  before(async () => {
    api = await startTestApi();
    teamId = await api.defaultTeamId();
    const events = ['service.created', 'service.updated', 'service.deleted'];
    const draft = { name: 'R', url: 'http://127.0.0.1:9999/hook', dialect: 'pagerduty.v3', events };
    subscriptionId = (await api.post('/v1/subscription', draft)).body.id;
  });
  after(() => api.close());

  /** What was stored for it since the last call, oldest first. */
  const seen = new Set<string>();
  const told = async (): Promise<Json[]> => {
    const { deliveries } = (await api.get(`/v1/subscription/${subscriptionId}/deliveries`)).body;
    const fresh = deliveries.filter(({ id }: Json) => !seen.has(id)).reverse();
    for (const { id } of fresh) seen.add(id);
    return Promise.all(fresh.map(async ({ id }: Json) => (await api.get(`/v1/delivery/${id}`)).body));
  };
  const events = async () => (await told()).map(({ event, payload }) => [event, payload.event.data.summary]);
  const done = async (method: string, path: string, json?: Json) => {
    const answer = await api.send(method, path, { json });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };

  for (const [noun, draft, change] of [
    ['team', { name: 'Web' }, { time_zone: 'Europe/Berlin' }],
    ['webhook', { name: 'Web', tags: ['a'] }, { enabled: false }],
    [
      'ruleset',
      { name: 'Web', rule_type: 'webhook', level: 'team', description: '', urgency: 'low', conditions: [] },
      { enabled: false },
    ],
  ] as [string, Json, Json][])
    it(`are told of a ${noun}: made, changed when something changed, deleted, each with its time and its key`, async () => {
      const { id } = await done('POST', `/v1/${noun}`, noun === 'ruleset' ? { ...draft, team_id: teamId } : draft);
      const [created] = await told();
      assert.equal(created.event, 'service.created');
      assert.equal(created.payload.event.data.id, id);
      await done('PUT', `/v1/${noun}/${id}`, {});
      await done('PUT', `/v1/${noun}/${id}`, { name: 'Web' });
      assert.deepEqual(await events(), []);
      await done('PUT', `/v1/${noun}/${id}`, { name: 'Shop' });
      await done('PUT', `/v1/${noun}/${id}`, change);
      assert.deepEqual(await events(), [
        ['service.updated', 'Shop'],
        ['service.updated', 'Shop'],
      ]);
      await done('DELETE', `/v1/${noun}/${id}`);
      assert.deepEqual(await events(), [['service.deleted', 'Shop']]);
      assert.equal((await api.send('PUT', `/v1/${noun}/${id}`, { json: { name: 'Gone' } })).status, 404);
      assert.deepEqual(await events(), []);
    });

  it('are not told when they were refused', async () => {
    const { id } = await done('POST', '/v1/team', { name: 'Held' });
    await done('POST', `/v1/team/${id}/member`, { name: 'Ada', email: 'ada@example.com' });
    await told();
    assert.equal((await api.send('DELETE', `/v1/team/${id}`)).status, 409);
    assert.equal((await api.post('/v1/ruleset', { name: 'x' })).status, 422);
    assert.deepEqual(await told(), []);
  });

  it('are told once to a request that is repeated', async () => {
    const headers = { 'Idempotency-Key': 'one team' };
    for (let tries = 0; tries < 2; tries++)
      assert.equal((await api.post('/v1/team', { name: 'Once' }, { headers })).status, 201);
    assert.equal((await told()).length, 1);
  });
});
