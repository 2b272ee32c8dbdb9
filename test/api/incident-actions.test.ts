import assert from 'node:assert/strict';
import { createActionRunStore } from '../../src/stores/action-runs.ts';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { startWorkingApi } from '../support/working-api.ts';

const url = 'http://127.0.0.1:9999/hook';

describe('actions of incidents over HTTP', function () {
  this.timeout(90_000);
  let api: TestApi;
  let organisationId: string;
  let teamId: string;
  let memberId: string;
  let webhookId: string;
  let component: { status_page_id: string; component_id: string };

  before(async () => {
    api = await startWorkingApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
    teamId = await api.defaultTeamId();
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
    webhookId = (await api.post('/v1/webhook', { name: 'In' })).body.id;
    const page = (await api.post('/v1/status-page', { name: 'Acme' })).body;
    const made = (await api.post(`/v1/status-page/${page.id}/component`, { name: 'Shop' })).body;
    component = { status_page_id: page.id, component_id: made.id };
  });
  after(() => api.close());

  const draft = { name: 'API down', description: 'No answer', urgency: 'high' };
  const open = async (change: Record<string, unknown> = {}): Promise<Json> => {
    const answer = await api.post(`/v1/team/${teamId}/incident`, { ...draft, ...change });
    assert.equal(answer.status, 201, answer.text);
    await api.begun(answer.body.id);
    return answer.body;
  };
  const run = (id: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', `/v1/incident/${id}/action`, { json, headers });
  const ran = async (id: string, json: unknown, headers?: Record<string, string>) => {
    const answer = await run(id, json, headers);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };
  const list = async (id: string): Promise<Json[]> => {
    const answer = await api.get(`/v1/incident/${id}/actions`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.actions;
  };
  const logged = async (id: string): Promise<string[]> =>
    (await api.get(`/v1/incident/${id}/log`)).body.log_entries.map(({ type }: Json) => type);
  const subscribe = async (dialect: string, events?: string[]): Promise<string> =>
    (await api.post('/v1/subscription', { name: 'S', url, dialect, events })).body.id;

  it('show what is run, for whom, on what and what came of it', async () => {
    const { id } = await open();
    await ran(id, {
      type: 'trigger-webhook',
      settings: [{ url, headers: { 'X-Token': 'hush' }, body: '{{incident.name}}' }, { webhook_id: webhookId }],
      by: memberId,
    });
    await ran(id, { type: 'trigger-statuspage-update', settings: component });
    const actions = await list(id);
    const [adminKey] = await api.database.sql<{ id: string }[]>`SELECT id FROM api_keys WHERE is_admin`;
    const source = { type: 'team', id: teamId, name: (await api.get(`/v1/team/${teamId}`)).body.name };
    const pending = {
      trigger: 'manual',
      source,
      status: 'pending',
      error: null,
      attempts: 0,
      status_code: null,
      finished_at: null,
    };
    const ada = { type: 'member', id: memberId, name: 'Ada' };
    const [first, second, third] = actions;
    const own = ({ id: runId, action_id, created_at }: Json) => ({ id: runId, action_id, created_at });
    assert.deepEqual(actions, [
      {
        ...own(first),
        ...pending,
        type: 'trigger-webhook',
        agent: ada,
        target: { type: 'url', id: null, url },
        parent: null,
        settings: [{ id: first.settings[0].id, url, headers: { 'X-Token': '<redacted>' }, body: '{{incident.name}}' }],
      },
      {
        ...own(second),
        ...pending,
        type: 'trigger-webhook',
        agent: ada,
        target: { type: 'webhook', id: webhookId },
        parent: null,
        settings: [{ id: second.settings[0].id, webhook_id: webhookId }],
      },
      {
        ...own(third),
        ...pending,
        type: 'trigger-statuspage-update',
        agent: { type: 'key', id: adminKey!.id, name: 'Admin key' },
        target: { type: 'component', id: component.component_id },
        parent: { type: 'status_page', id: component.status_page_id },
        settings: [{ id: third.settings[0].id, ...component }],
      },
    ]);
    assert.equal(first.action_id, second.action_id, 'one action with two targets');
    assert.notEqual(first.action_id, third.action_id);

    const outcomes = createActionRunStore(api.database.sql, api.deps.sealer);
    for (const { id: runId } of actions) await outcomes.begin(organisationId, runId);
    await outcomes.finish(organisationId, first.id, { outcome: 'succeeded', statusCode: 204 });
    await outcomes.note(organisationId, second.id, { errorCode: 'timeout', error: 'Try later.', statusCode: null });
    const failure = { errorCode: 'unknown_component', error: 'It is gone.', statusCode: null } as const;
    await outcomes.finish(organisationId, third.id, { outcome: 'failed', ...failure });
    const after = await list(id);
    assert.deepEqual(
      after.map(({ status, error, attempts, status_code, finished_at }) => [
        status,
        error,
        attempts,
        status_code,
        finished_at !== null,
      ]),
      [
        ['succeeded', null, 1, 204, true],
        ['pending', { code: 'timeout', message: 'Try later.' }, 1, null, false],
        ['failed', { code: 'unknown_component', message: 'It is gone.' }, 1, null, true],
      ],
    );
    assert.deepEqual(await logged(id), [
      'triggered',
      'action_run',
      'action_succeeded',
      'action_run',
      'action_run',
      'action_failed',
    ]);
    const page = (await api.get(`/v1/incident/${id}/actions?limit=2`)).body;
    const rest = (await api.get(`/v1/incident/${id}/actions?limit=2&cursor=${page.next_cursor}`)).body;
    assert.deepEqual([...page.actions, ...rest.actions], after);
    const { key } = await api.createOrganisation('Other');
    assert.equal((await api.get(`/v1/incident/${id}/actions`, { key })).status, 404);
  });

  it('alert whom subscriptions reach, and fail where there is nobody', async () => {
    const { id } = await open({ actions: [{ type: 'trigger-alerts', settings: [component] }] });
    const alone = await poll(
      async () => {
        const [run] = await list(id);
        return run?.status === 'failed' && run;
      },
      { what: 'nobody is found' },
    );
    assert.deepEqual(
      [alone.error.code, alone.target, alone.settings.length],
      ['nobody_reachable', { type: 'team', id: teamId }, 1],
    );
    await subscribe('standard', ['incident.alerted']);
    await ran(id, { type: 'trigger-alerts' });
    const told = (await list(id))[1];
    assert.deepEqual([told.status, told.error, told.settings], ['succeeded', null, []]);
    await api.database.sql`UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now()`;
  });

  it('tell a subscription, and show what became of its delivery', async () => {
    const { id } = await open();
    const subscription_id = await subscribe('standard', ['incident.resolved']);
    await ran(id, { type: 'trigger-webhook', settings: { subscription_id } });
    const [sent] = await list(id);
    assert.deepEqual(
      [sent.status, sent.error, sent.attempts, sent.target, sent.settings],
      [
        'pending',
        null,
        0,
        { type: 'subscription', id: subscription_id },
        [{ id: sent.settings[0].id, subscription_id }],
      ],
    );
    const { sql } = api.database;
    const attempted = async (
      status: string,
      number: number,
      outcome: string,
      statusCode: number,
      error: string | null,
    ) => {
      const [delivery] = await sql`
        UPDATE deliveries SET status = ${status}, attempts = ${number} WHERE subscription_id = ${subscription_id} RETURNING id`;
      await sql`
        INSERT INTO delivery_attempts (organisation_id, delivery_id, number, started_at, duration_ms, outcome, status_code, error)
        VALUES (${organisationId}, ${delivery!.id}, ${number}, '2026-03-15T19:09:39Z', 1500, ${outcome}, ${statusCode}, ${error})`;
      const [{ status: shown, error: why, attempts, status_code, finished_at }] = (await list(id)) as [Json];
      return [shown, why, attempts, status_code, finished_at];
    };
    const busy = { code: 'http_error', message: 'It answered 503.' };
    const finished = '2026-03-15T19:09:40.500Z';
    assert.deepEqual(await attempted('pending', 1, 'http_error', 503, busy.message), ['pending', busy, 1, 503, null]);
    assert.deepEqual(await attempted('failed', 2, 'http_error', 503, busy.message), ['failed', busy, 2, 503, finished]);
    assert.deepEqual(await attempted('delivered', 3, 'success', 200, null), ['succeeded', null, 3, 200, finished]);

    await sql`UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now() WHERE id = ${subscription_id}`;
    await ran(id, { type: 'trigger-webhook', settings: { subscription_id } });
    const unheard = (await list(id))[1];
    assert.deepEqual([unheard.status, unheard.error.code], ['failed', 'unknown_subscription']);
  });

  it('come of the opening, each target by itself', async () => {
    const actions = [
      { type: 'trigger-statuspage-update', settings: [component] },
      { type: 'trigger-webhook', settings: [{ url: `${url}/1` }, { url: `${url}/2` }] },
    ];
    const key = { 'Idempotency-Key': 'opening' };
    const first = await api.post(`/v1/team/${teamId}/incident`, { ...draft, actions }, { headers: key });
    // As if the process had died before the answer was kept.
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const second = await api.post(`/v1/team/${teamId}/incident`, { ...draft, actions }, { headers: key });
    assert.deepEqual([first.status, second.status, second.body.id], [201, 201, first.body.id]);
    const { id } = first.body;
    await api.send('PUT', `/v1/incident/${id}`, { json: { status: 'acknowledged' } });
    const shown = await list(id);
    assert.deepEqual(
      shown.map(({ type, trigger, target }) => [type, trigger, target.url ?? target.id]),
      [
        ['trigger-statuspage-update', 'manual', component.component_id],
        ['trigger-webhook', 'manual', `${url}/1`],
        ['trigger-webhook', 'manual', `${url}/2`],
      ],
    );
    const [{ count }] = (await api.database.sql`
      SELECT count(*)::int FROM action_definitions WHERE incident_id = ${id}`) as unknown as [{ count: number }];
    assert.equal(count, 3, 'stored once');
  });

  it('run once for a key, though the answer was lost, and again without one', async () => {
    const { id } = await open();
    const body = { type: 'trigger-webhook', settings: [{ url: `${url}/1` }, { url: `${url}/2` }] };
    const key = { 'Idempotency-Key': `run-${id}` };
    await ran(id, body, key);
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    await ran(id, body, key);
    assert.equal((await list(id)).length, 2);
    const [first] = await list(id);
    // Another run of the same action, by its ids.
    await ran(id, { id: first.action_id, type: 'trigger-webhook', settings: first.settings });
    const third = (await list(id))[2];
    assert.deepEqual([third.action_id, third.settings], [first.action_id, first.settings]);

    await api.post(`/v1/incident/${id}/resolve`);
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    await ran(id, body, key);
    const late = await run(id, body);
    assert.deepEqual([late.status, late.body.code], [409, 'incident_resolved']);
    assert.equal((await list(id)).length, 3);
  });

  it('are refused with every faulty field', async () => {
    const { id } = await open();
    const pulseapi = await subscribe('pulseapi');
    const unknown = '445a5c1f-c0eb-403a-96d7-3976e5dc74ed';
    for (const [body, fields] of [
      [{}, ['type']],
      [{ type: 'trigger-webhook' }, ['settings']],
      [{ type: 'trigger-webhook', settings: { subscription_id: unknown } }, ['settings.subscription_id']],
      [{ type: 'trigger-webhook', settings: [{ subscription_id: pulseapi }] }, ['settings[0].subscription_id']],
      [{ type: 'trigger-webhook', settings: { url, headers: { a: '<redacted>' } } }, ['settings.headers.a']],
      [{ type: 'trigger-alerts', id: unknown }, ['id']],
      [
        { type: 'trigger-alerts', settings: { url } },
        ['settings.component_id', 'settings.status_page_id', 'settings.url'],
      ],
      [{ type: 'trigger-alerts', by: teamId }, ['by']],
      [{ type: 'trigger-alerts', loud: true }, ['loud']],
    ] as const) {
      const refused = await run(id, body);
      assert.deepEqual([refused.status, faultyFields(refused)], [422, fields], refused.text);
    }
    const opening = await api.post(`/v1/team/${teamId}/incident`, {
      ...draft,
      actions: [
        { id: unknown, type: 'trigger-alerts' },
        { type: 'trigger-webhook', settings: { webhook_id: unknown } },
      ],
    });
    assert.deepEqual(faultyFields(opening), ['actions[0].id', 'actions[1].settings.webhook_id']);
    assert.deepEqual(await list(id), []);
    const stored = await api.database.sql`SELECT 1 FROM action_definitions WHERE incident_id = ${id}`;
    assert.equal(stored.length, 0);
  });
});
