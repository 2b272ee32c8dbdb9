import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Answer, type Json, type TestApi } from '../support/api.ts';

const url = 'http://127.0.0.1:9999/hook';

describe('actions of rulesets over HTTP', () => {
  let api: TestApi;
  let rulesetId: string;
  let component: { status_page_id: string; component_id: string };
  let webhookId: string;
  let subscriptionId: string;
  /** Of another organisation. */
  let foreign: { key: string; webhookId: string; component: typeof component };

  const createComponent = async (key: string) => {
    const page = (await api.post('/v1/status-page', { name: 'Acme' }, { key })).body;
    const made = (await api.post(`/v1/status-page/${page.id}/component`, { name: 'Shop' }, { key })).body;
    return { status_page_id: page.id, component_id: made.id };
  };
  const createRuleset = async (): Promise<string> => {
    const team_id = await api.defaultTeamId();
    const draft = { rule_type: 'webhook', conditions: [], level: 'team', team_id, name: 'N', description: '' };
    return (await api.post('/v1/ruleset', { ...draft, urgency: 'low' })).body.id;
  };

  before(async () => {
    api = await startTestApi();
    component = await createComponent(api.adminKey);
    webhookId = (await api.post('/v1/webhook', { name: 'In' })).body.id;
    subscriptionId = (await api.post('/v1/subscription', { name: 'S', url, dialect: 'standard' })).body.id;
    const { key } = await api.createOrganisation('Other');
    const theirs = (await api.post('/v1/webhook', { name: 'Theirs' }, { key })).body;
    foreign = { key, webhookId: theirs.id, component: await createComponent(key) };
  });
  after(() => api.close());
  beforeEach(async () => {
    rulesetId = await createRuleset();
  });

  const put = (actions: unknown, id = rulesetId): Promise<Answer> =>
    api.send('PUT', `/v1/ruleset/${id}/actions`, { json: { actions } });
  const stored = async (): Promise<Json[]> => {
    const answer = await api.get(`/v1/ruleset/${rulesetId}/actions`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.actions;
  };
  const replaced = async (actions: unknown): Promise<Json[]> => {
    const answer = await put(actions);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(await stored(), answer.body.actions);
    return answer.body.actions;
  };
  const versions = async () => {
    const [row] = await api.database.sql`
      SELECT r.version, o.rulesets_version FROM rulesets r JOIN organisations o ON o.id = r.organisation_id
      WHERE r.id = ${rulesetId}`;
    return [row!.version, row!.rulesetsVersion];
  };
  /** What was put: without what the answer adds. */
  const withoutIds = (actions: Json[]) =>
    actions.map(({ type, settings }) => ({
      type,
      settings: settings.map(({ id, source, target, parent, ...rest }: Json) => {
        assert.match(id, /^[0-9a-f-]{36}$/);
        assert.ok(source && target !== undefined && parent !== undefined);
        return rest;
      }),
    }));

  it('are none at first, and then what was put, each with its ids', async () => {
    assert.deepEqual(await stored(), []);
    const before = await versions();
    const actions = await replaced([
      { type: 'trigger-alerts', settings: [component] },
      { id: '', type: 'trigger-statuspage-update', settings: { id: '', ...component } },
      {
        type: 'trigger-webhook',
        settings: [
          { url, headers: { 'X-Token': 'hush-hush' }, body: { text: '{{incident.name}}', list: [1, null, true] } },
          { webhook_id: webhookId, body: 'down: {{incident.name}}' },
          { subscription_id: subscriptionId },
        ],
      },
      { type: 'trigger-alerts' },
      { type: 'trigger-alerts', settings: {} },
    ]);
    assert.deepEqual(withoutIds(actions), [
      { type: 'trigger-alerts', settings: [component] },
      { type: 'trigger-statuspage-update', settings: [component] },
      {
        type: 'trigger-webhook',
        settings: [
          { url, headers: { 'X-Token': '<redacted>' }, body: { text: '{{incident.name}}', list: [1, null, true] } },
          { webhook_id: webhookId, body: 'down: {{incident.name}}' },
          { subscription_id: subscriptionId },
        ],
      },
      { type: 'trigger-alerts', settings: [] },
      { type: 'trigger-alerts', settings: [] },
    ]);
    const after = await versions();
    assert.deepEqual(after, [before[0]! + 1, before[1]! + 1]);
    const rows = await api.database.sql<{ text: string }[]>`SELECT d::text AS text FROM action_definitions d`;
    assert.ok(rows.length >= 7 && rows.every(({ text }) => !text.includes('hush')), 'the value is sealed');
  });

  it('say what is watched, what is acted on and what that is part of', async () => {
    const [first, second] = await replaced([
      { type: 'trigger-statuspage-update', settings: component },
      { type: 'trigger-webhook', settings: { webhook_id: webhookId } },
    ]);
    const { source, target, parent } = first!.settings[0];
    assert.deepEqual(
      [source, target, parent],
      [
        { type: 'ruleset', id: rulesetId },
        { type: 'component', id: component.component_id },
        { type: 'status_page', id: component.status_page_id },
      ],
    );
    assert.deepEqual(second!.settings[0].target, { type: 'webhook', id: webhookId });
    await api.send('PUT', `/v1/ruleset/${rulesetId}`, { json: { webhook_id: webhookId } });
    assert.deepEqual((await stored())[0]!.settings[0].source, { type: 'webhook', id: webhookId });
    // As answered it can be sent back, and changes nothing.
    assert.deepEqual(await replaced(await stored()), await stored());
  });

  it("take the documentation's example", async () => {
    const actions = await replaced([{ type: 'trigger-alerts', settings: [component] }]);
    assert.deepEqual(withoutIds(actions), [{ type: 'trigger-alerts', settings: [component] }]);
  });

  it('keep ids that are sent back, and forget what is left out', async () => {
    const [alerts, calls] = await replaced([
      { type: 'trigger-alerts' },
      { type: 'trigger-webhook', settings: [{ url }, { url: `${url}/2` }] },
    ]);
    assert.deepEqual(await replaced([calls, alerts]), [calls, alerts], 'as they are, in another order');
    const changed = { ...calls, settings: [calls.settings[1], { url: `${url}/3` }] };
    const [after] = await replaced([changed]);
    assert.equal(after.id, calls.id);
    assert.deepEqual(
      after.settings.map((one: Json) => one.url),
      [`${url}/2`, `${url}/3`],
    );
    assert.equal(after.settings[0].id, calls.settings[1].id);
    const gone = await put([alerts]);
    assert.deepEqual([gone.status, faultyFields(gone)], [422, ['actions[0].id']]);
    const twice = await put([after, after]);
    assert.deepEqual(faultyFields(twice), ['actions[1].id', 'actions[1].settings[0].id', 'actions[1].settings[1].id']);
    assert.deepEqual(await stored(), [after], 'refusals changed nothing');
    assert.deepEqual(await replaced([]), []);
  });

  it('keep the rows of what changed for incidents that are to run it', async () => {
    const [action] = await replaced([{ type: 'trigger-webhook', settings: { url } }]);
    const rows = () => api.database.sql<{ id: string; url: string; gone: boolean }[]>`
      SELECT id, settings->0->>'url' AS url, deleted_at IS NOT NULL AS gone FROM action_definitions
      WHERE ruleset_id = ${rulesetId} ORDER BY id`;
    const [before] = await rows();
    await replaced([action]);
    assert.deepEqual([...(await rows())], [before], 'the same row, as nothing changed');
    await replaced([{ ...action, settings: { ...action.settings[0], url: `${url}/new` } }]);
    const after = await rows();
    assert.deepEqual(
      after.map((row) => [row.url, row.gone]),
      [
        [url, true],
        [`${url}/new`, false],
      ],
    );
  });

  it('keep the value of a redacted header, only where it was and for where it went', async () => {
    const headers = { 'X-Token': 'hush', 'X-Other': 'plain' };
    const [action] = await replaced([{ type: 'trigger-webhook', settings: { url, headers } }]);
    const opened = async () => {
      const [row] = await api.database.sql<{ id: string; headers: Uint8Array }[]>`
        SELECT id, headers FROM action_definitions WHERE ruleset_id = ${rulesetId} AND deleted_at IS NULL`;
      return JSON.parse(api.deps.sealer.open(row!.headers, row!.id));
    };
    assert.deepEqual(await opened(), headers);
    const [one] = action.settings;
    const again = { ...one, url: `${url}/elsewhere`, headers: { 'x-token': '<redacted>', 'X-Other': 'new' } };
    await replaced([{ ...action, settings: [again] }]);
    assert.deepEqual(await opened(), { 'x-token': 'hush', 'X-Other': 'new' });

    const redacted = { 'x-token': '<redacted>' };
    for (const [settings, fields] of [
      [{ ...again, headers: { 'X-Unknown': '<redacted>' } }, ['actions[0].settings.headers.X-Unknown']],
      [{ url, headers: redacted }, ['actions[0].settings.headers.x-token']],
      // Or the secret could be had by sending it to oneself.
      [{ id: one.id, url: 'http://127.0.0.1:9998/', headers: redacted }, ['actions[0].settings.headers.x-token']],
      [{ id: one.id, url: 'https://127.0.0.1:9999/', headers: redacted }, ['actions[0].settings.headers.x-token']],
    ] as const) {
      const refused = await put([{ ...action, settings }]);
      assert.deepEqual([refused.status, faultyFields(refused)], [422, fields]);
    }
    const other = await put([{ type: 'trigger-webhook', settings: again }]);
    assert.deepEqual(faultyFields(other), ['actions[0].settings.headers.x-token', 'actions[0].settings.id']);
    assert.deepEqual(await opened(), { 'x-token': 'hush', 'X-Other': 'new' });
  });

  it('name every faulty field, and store nothing', async () => {
    const unknown = '445a5c1f-c0eb-403a-96d7-3976e5dc74ed';
    const nested = (levels: number): unknown => (levels === 0 ? 'end' : [nested(levels - 1)]);
    const many = (count: number, one: unknown) => Array.from({ length: count }, () => one);
    const call = (settings: unknown) => [{ type: 'trigger-webhook', settings }];
    const withHeaders = (headers: unknown) => call({ url, headers });
    const at = (...fields: string[]) => fields.map((field) => `actions[0]${field}`);
    const cases: [actions: unknown, fields: string[]][] = [
      [undefined, ['actions']],
      [{}, ['actions']],
      [
        [7, { type: 'sing' }, {}],
        ['actions[0]', 'actions[1].type', 'actions[2].type'],
      ],
      [[{ type: 'trigger-alerts', id: 'x', trigger: 'manual' }], at('.id', '.trigger')],
      [many(21, { type: 'trigger-alerts' }), ['actions']],
      [[{ type: 'trigger-alerts', settings: 'loud' }], at('.settings')],
      [[{ type: 'trigger-alerts', settings: many(21, component) }], at('.settings')],
      [
        [{ type: 'trigger-alerts', settings: [{ url }] }],
        at('.settings[0].component_id', '.settings[0].status_page_id', '.settings[0].url'),
      ],
      [[{ type: 'trigger-statuspage-update' }], at('.settings')],
      [[{ type: 'trigger-statuspage-update', settings: [] }], at('.settings')],
      [
        [{ type: 'trigger-statuspage-update', settings: { ...component, component_id: 7 } }],
        at('.settings.component_id'),
      ],
      [
        [{ type: 'trigger-statuspage-update', settings: [component, { ...component, component_id: unknown }] }],
        at('.settings[1].component_id'),
      ],
      [
        [{ type: 'trigger-statuspage-update', settings: { ...component, status_page_id: unknown } }],
        at('.settings.component_id'),
      ],
      [[{ type: 'trigger-statuspage-update', settings: foreign.component }], at('.settings.component_id')],
      [[{ type: 'trigger-alerts', settings: foreign.component }], at('.settings.component_id')],
      [call([]), at('.settings')],
      [call({}), at('.settings')],
      [call([{ url, webhook_id: webhookId }]), at('.settings[0]')],
      [call({ webhook_id: foreign.webhookId }), at('.settings.webhook_id')],
      [call({ webhook_id: webhookId, headers: { a: 'b' } }), at('.settings.headers')],
      [call({ subscription_id: unknown }), at('.settings.subscription_id')],
      [call({ subscription_id: subscriptionId, body: {} }), at('.settings.body')],
      [
        call([{ url }, { url: 'http://10.0.0.1/' }, { url: 'ftp://a/' }, { url: 'http://u:p@a/' }]),
        at('.settings[1].url', '.settings[2].url', '.settings[3].url'),
      ],
      [
        withHeaders({ Host: 'a', 'proxy-x': 'a', 'Tocsin-Hops': '0', 'webhook-signature': 'v1', 'a b': 'c', te: '' }),
        at(
          '.settings.headers.Host',
          '.settings.headers.Tocsin-Hops',
          '.settings.headers.a b',
          '.settings.headers.proxy-x',
          '.settings.headers.te',
          '.settings.headers.webhook-signature',
        ),
      ],
      [
        withHeaders({ a: 'x\r\ny: z', b: 'ü', c: 'x'.repeat(1_025), d: 7 }),
        at('.settings.headers.a', '.settings.headers.b', '.settings.headers.c', '.settings.headers.d'),
      ],
      [withHeaders({ 'X-A': '1', 'x-a': '2' }), at('.settings.headers.x-a')],
      [withHeaders(Object.fromEntries(many(21, 0).map((_, index) => [`x-${index}`, '']))), at('.settings.headers')],
      [call({ url, body: '{{payload.x}}' }), at('.settings.body')],
      [
        call({ url, body: { a: [{ b: '{{incident.name' }], c: 'a\0', d: '\ud800' } }),
        at('.settings.body.a[0].b', '.settings.body.c', '.settings.body.d'),
      ],
      [call({ url, body: { 'a\0': 1 } }), at('.settings.body')],
      [call({ url, body: 'x'.repeat(9_999) }), at('.settings.body')],
      [call({ url, body: nested(21) }), at(`.settings.body${'[0]'.repeat(20)}`)],
      [[{ id: unknown, type: 'trigger-alerts' }], at('.id')],
    ];
    const before = await versions();
    for (const [actions, fields] of cases) {
      const refused = await put(actions);
      assert.deepEqual(
        [refused.status, faultyFields(refused)],
        [422, fields],
        `${JSON.stringify(actions)}: ${refused.text}`,
      );
    }
    const huge = await api.send('PUT', `/v1/ruleset/${rulesetId}/actions`, {
      body: `{"actions":[{"type":"trigger-webhook","settings":{"url":"${url}","body":{"n":1e999}}}]}`,
      headers: { 'Content-Type': 'application/json' },
    });
    assert.deepEqual(faultyFields(huge), ['actions[0].settings.body.n']);
    assert.deepEqual([await stored(), await versions()], [[], before]);
    await replaced(call({ url, body: nested(20) }));
  });

  it('name an unknown ruleset and another organisation’s alike', async () => {
    for (const id of ['445a5c1f-c0eb-403a-96d7-3976e5dc74ed', 'x']) assert.equal((await put([], id)).status, 404);
    const { key } = foreign;
    const path = `/v1/ruleset/${rulesetId}/actions`;
    assert.equal((await api.get(path, { key })).status, 404);
    assert.equal((await api.send('PUT', path, { key, json: { actions: [] } })).status, 404);
    await api.send('DELETE', `/v1/ruleset/${rulesetId}`);
    assert.deepEqual([(await api.get(path)).status, (await put([])).status], [404, 404]);
  });

  it('keep the webhook and the component that they need', async () => {
    const mine = (await api.post('/v1/webhook', { name: 'Called' })).body.id;
    await replaced([{ type: 'trigger-webhook', settings: { webhook_id: mine } }]);
    const refused = await api.send('DELETE', `/v1/webhook/${mine}`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.equal(refused.body.references[0].id, rulesetId);
    await replaced([]);
    assert.equal((await api.send('DELETE', `/v1/webhook/${mine}`)).status, 200);
  });

  it('are replaced by one of two requests at once', async () => {
    const [first, second] = await Promise.all([
      put([{ type: 'trigger-webhook', settings: { url: `${url}/1` } }, { type: 'trigger-alerts' }]),
      put([{ type: 'trigger-webhook', settings: { url: `${url}/2` } }]),
    ]);
    assert.deepEqual([first.status, second.status], [200, 200]);
    const now = await stored();
    assert.ok([first, second].some(({ body }) => JSON.stringify(body.actions) === JSON.stringify(now)));
  });
});
