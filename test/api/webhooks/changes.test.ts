import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../../support/api.ts';

describe('changing and deleting webhooks', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  const create = async (body: object = {}): Promise<Json> => (await api.post('/v1/webhook', body)).body;
  const put = (id: string, json: unknown) => api.send('PUT', `/v1/webhook/${id}`, { json });
  const remove = (id: string) => api.send('DELETE', `/v1/webhook/${id}`);
  const submit = (id: string) => api.post(`/v1/incident/webhook/${id}`, { a: 1 }, { key: null });

  it('changes what is given and nothing else, the same way twice', async () => {
    const made = await create({ name: 'Probe', description: 'Old', check_paths: { error: 'a' }, tags: ['one'] });
    assert.deepEqual((await api.get(`/v1/webhook/${made.id}`)).body, made);
    const change = {
      description: '',
      monitor_url: 'https://example.com/',
      monitor_method: 'GET',
      tags: ['two', 'one'],
    };
    for (let time = 0; time < 2; time++) {
      const { status, body } = await put(made.id, change);
      assert.deepEqual([status, body], [200, { ...made, ...change }]);
    }
    const { body } = await put(made.id, { monitor_url: null, check_paths: {}, tags: [] });
    assert.deepEqual(body, { ...made, description: '', monitor_method: 'GET', check_paths: {}, tags: [] });
    assert.deepEqual((await api.get(`/v1/webhook/${made.id}`)).body, body);
    assert.deepEqual((await put(made.id, {})).body, body);
  });

  it('switches a webhook off and on', async () => {
    const { id } = await create();
    assert.equal((await put(id, { enabled: false })).body.enabled, false);
    assert.equal((await submit(id)).status, 404);
    assert.equal((await put(id, { enabled: true })).body.enabled, true);
    assert.equal((await submit(id)).status, 201);
  });

  it('names every faulty field', async () => {
    const made = await create();
    const answer = await put(made.id, {
      name: ' ',
      description: null,
      enabled: 'yes',
      monitor_url: 'ftp://example.com/',
      monitor_method: 'get',
      check_paths: { error: 'a[' },
      tags: ['x'.repeat(65), '', 7],
      number: 3,
      verification: { type: 'rot13' },
    });
    assert.deepEqual(faultyFields(answer), [
      'check_paths.error',
      'description',
      'enabled',
      'monitor_method',
      'monitor_url',
      'name',
      'number',
      'tags[0]',
      'tags[1]',
      'tags[2]',
      'verification.type',
    ]);
    for (const tags of [Array.from({ length: 21 }, (_, index) => `t${index}`), ['a', 'a'], 'a', ['a\0'], ['\ud800']])
      assert.match(faultyFields(await put(made.id, { tags })).join(), /^tags/, JSON.stringify(tags));
    for (const body of [null, [], 'x', 7]) assert.equal((await put(made.id, body)).status, 422, JSON.stringify(body));
    assert.deepEqual((await api.get(`/v1/webhook/${made.id}`)).body, made, 'nothing was stored');
    const tags = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(64, 'x'));
    assert.deepEqual((await put(made.id, { tags })).body.tags, tags);
  });

  it('takes a deleted one out of every list, and answers as if it had never been', async () => {
    const made = await create({ verification: { type: 'bearer', secret: 'token-of-the-sender' } });
    const event = (await api.post(`/v1/incident/webhook/${made.id}`, {}, { key: 'token-of-the-sender' })).body;
    const { status, body } = await remove(made.id);
    assert.deepEqual([status, typeof body.message], [200, 'string']);
    const listed = (await api.get('/v1/webhooks?limit=200')).body.webhooks;
    assert.ok(!listed.some(({ id }: Json) => id === made.id));
    const unknown = { ...(await submit('01999999-0000-7000-8000-000000000000')).body, request_id: '' };
    for (const answer of [
      await submit(made.id),
      await api.get(`/v1/webhook/${made.id}`),
      await api.get(`/v1/webhook/${made.id}/events`),
      await put(made.id, { enabled: true }),
      await remove(made.id),
    ])
      assert.deepEqual([answer.status, { ...answer.body, request_id: '' }], [404, unknown]);
    const kept = await api.get(`/v1/event/${event.id}`);
    assert.deepEqual([kept.status, kept.body.webhook_id, kept.body.body], [200, made.id, '{}']);
    const [row] = await api.database.sql`SELECT verification_secret FROM webhooks WHERE id = ${made.id}`;
    assert.equal(row?.verificationSecret, null);
    const ruleset = await createRuleset(made.id);
    assert.deepEqual([ruleset.status, faultyFields(ruleset)], [422, ['webhook_id']]);
  });

  it('neither skips nor repeats others in a list when some go between its pages', async () => {
    const made: string[] = [];
    for (let index = 0; index < 6; index++) made.push((await create()).id);
    const seen: string[] = [];
    for (let query = '?limit=2'; ;) {
      const { webhooks, next_cursor } = (await api.get(`/v1/webhooks${query}`)).body;
      seen.push(...webhooks.map(({ id }: Json) => id).filter((id: string) => made.includes(id)));
      // The one that the next page begins after.
      if (seen.length > 0) await remove(seen.at(-1)!);
      if (next_cursor === null) break;
      query = `?limit=2&cursor=${next_cursor}`;
    }
    assert.deepEqual(seen, made);
  });

  it('keeps one that a ruleset names, and says which', async () => {
    const { id } = await create();
    const ruleset = (await createRuleset(id)).body;
    const refused = await remove(id);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.deepEqual(refused.body.references, [{ type: 'ruleset', id: ruleset.id, name: 'Down' }]);
    assert.match(refused.body.detail, /1 ruleset\b/);
    assert.equal((await submit(id)).status, 201);
    await api.send('DELETE', `/v1/ruleset/${ruleset.id}`);
    assert.equal((await remove(id)).status, 200);
  });

  it('never deletes one while a ruleset for it is being stored', async () => {
    for (let round = 0; round < 8; round++) {
      const { id } = await create();
      const [ruleset, removed] = await Promise.all([createRuleset(id), remove(id)]);
      assert.deepEqual(
        [ruleset.status, removed.status],
        ruleset.status === 201 ? [201, 409] : [422, 200],
        `${ruleset.text} ${removed.text}`,
      );
    }
  });

  it('shows an event to its organisation alone', async () => {
    const { id } = await create();
    const event = (await submit(id)).body;
    const other = await api.createOrganisation('Other');
    assert.equal((await api.get(`/v1/event/${event.id}`, { key: other.key })).status, 404);
    assert.equal((await api.get(`/v1/event/${event.id}`)).status, 200);
    assert.equal((await api.get('/v1/event/x')).status, 404);
  });

  async function createRuleset(webhookId: string) {
    return api.post('/v1/ruleset', {
      rule_type: 'webhook',
      conditions: [],
      level: 'team',
      team_id: await api.defaultTeamId(),
      name: 'Down',
      description: '',
      urgency: 'low',
      webhook_id: webhookId,
    });
  }
});
