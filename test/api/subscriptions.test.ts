import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { dialects } from '../../src/outbound/index.ts';
import { createSigningSecret } from '../../src/outbound/signature.ts';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('subscriptions over HTTP', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  const draft = { name: 'Pager', url: 'http://127.0.0.1:9999/hook', dialect: 'pulseapi' };
  const created = async (changes: Json = {}) => {
    const answer = await api.post('/v1/subscription', { ...draft, ...changes });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  };
  const put = (id: string, json: Json) => api.send('PUT', `/v1/subscription/${id}`, { json });
  const openedHeaders = async (id: string) => {
    const [row] = await api.database.sql<{ headers: Uint8Array }[]>`SELECT headers FROM subscriptions WHERE id = ${id}`;
    return JSON.parse(api.deps.sealer.open(row!.headers, id)) as unknown;
  };

  it('show their secret once, and what they were not given', async () => {
    const { secret, ...rest } = await created();
    assert.match(secret, /^whsec_/);
    assert.deepEqual(rest, {
      ...{ id: rest.id, ...draft, description: '', events: Object.keys(dialects.pulseapi!.events) },
      ...{ filter: { type: 'account', id: null }, custom_headers: [], include_private: false },
      ...{ timeout: 10, rate_limit: null, owner_id: null },
      ...{ enabled: true, disabled_reason: null, disabled_at: null, failing_since: null, paused_until: null },
      ...{ previous_secrets: [], created_at: rest.created_at, updated_at: rest.created_at },
    });
    const list = await api.get('/v1/subscriptions');
    assert.deepEqual(list.body.subscriptions[0], rest);
    const shown = await api.get(`/v1/subscription/${rest.id}`);
    assert.deepEqual(shown.body, rest);
    assert.ok(!`${list.text}${shown.text}`.includes(secret));
  });

  it('keep all they are given; a PUT leaves alone what it leaves out', async () => {
    const teamId = await api.defaultTeamId();
    const person = { name: 'Ada', email: 'ada@example.com' };
    const member = (await api.post(`/v1/team/${teamId}/member`, person)).body;
    const given = {
      ...{ name: 'All', description: 'For chat', url: 'http://127.0.0.1:9999/all', dialect: 'standard' },
      ...{ events: ['incident.triggered', 'incident.resolved', 'incident.triggered'] },
      ...{ filter: { type: 'team', id: teamId.toUpperCase() }, include_private: true },
      ...{ timeout: 30, rate_limit: 5, owner_id: member.id },
    };
    const { id, ...rest } = await created({ ...given, custom_headers: [{ name: 'X-Token', value: 't0p' }] });
    const told = { ...given, events: given.events.slice(0, 2), filter: { type: 'team', id: teamId } };
    const shownHeaders = [{ name: 'X-Token', value: '<redacted>' }];
    for (const [field, value] of Object.entries({ ...told, custom_headers: shownHeaders }))
      assert.deepEqual(rest[field], value, field);
    const [row] = await api.database.sql`SELECT timeout_ms FROM subscriptions WHERE id = ${id}`;
    assert.equal(row!.timeoutMs, 30_000);

    const before = (await api.get(`/v1/subscription/${id}`)).body;
    const untouched = (await put(id, {})).body;
    assert.deepEqual({ ...untouched, updated_at: '' }, { ...before, updated_at: '' });
    const changes = { name: 'Less', events: ['incident.resolved'], filter: { type: 'account' }, rate_limit: null };
    const changed = (await put(id, { ...changes, owner_id: null, timeout: 1 })).body;
    const now = { ...changes, filter: { type: 'account', id: null }, owner_id: null, timeout: 1 };
    assert.deepEqual({ ...changed, updated_at: '' }, { ...before, ...now, updated_at: '' });
    assert.ok(changed.updated_at > before.updated_at);
    assert.deepEqual(await openedHeaders(id), { 'X-Token': 't0p' });
  });

  it('name every faulty field', async () => {
    const refused = async (body: Json) => faultyFields(await api.post('/v1/subscription', body));
    assert.deepEqual(await refused({ dialect: 'morse', secret: 7 }), ['dialect', 'name', 'secret', 'url']);
    const events = ['incident.created', 'incident.acknowledged', 'constructor', 7];
    assert.deepEqual(await refused({ ...draft, events }), ['events[1]', 'events[2]', 'events[3]']);
    assert.deepEqual(await refused({ ...draft, events: [] }), ['events']);
    const bounds = { timeout: 31, rate_limit: 0, include_private: 1, owner_id: 'me', description: 'x'.repeat(2_001) };
    assert.deepEqual(await refused({ ...draft, ...bounds }), Object.keys(bounds).sort());
    for (const timeout of [0, 0.5, '10', null]) assert.deepEqual(await refused({ ...draft, timeout }), ['timeout']);
    for (const [filter, fault] of [
      [{ type: 'service' }, 'filter.id'],
      [{ type: 'account', id: uuid() }, 'filter.id'],
      [{ type: 'galaxy', id: uuid() }, 'filter.type'],
      [{ id: uuid() }, 'filter.type'],
    ] as const)
      assert.deepEqual(await refused({ ...draft, filter }), [fault], JSON.stringify(filter));
  });

  it('take a service, a team and an owner of their own organisation alone', async () => {
    const other = await api.createOrganisation('Other');
    const webhook = (await api.post('/v1/webhook', {})).body;
    const foreignWebhook = (await api.post('/v1/webhook', {}, { key: other.key })).body;
    const person = { name: 'Eve', email: 'eve@example.com' };
    const foreigner = (await api.post(`/v1/team/${other.teamId}/member`, person, { key: other.key })).body;
    const service = (id: string) => ({ filter: { type: 'service', id } });
    const team = (id: string) => ({ filter: { type: 'team', id } });
    const own = await created(service(webhook.id));
    await created(service(await api.defaultTeamId()));
    for (const [changes, field] of [
      [service(uuid()), 'filter.id'],
      [service(foreignWebhook.id), 'filter.id'],
      [service(other.teamId), 'filter.id'],
      [team(other.teamId), 'filter.id'],
      [team(webhook.id), 'filter.id'],
      [{ owner_id: foreigner.id }, 'owner_id'],
      [{ owner_id: uuid() }, 'owner_id'],
    ] as const) {
      const answers = [await api.post('/v1/subscription', { ...draft, ...changes }), await put(own.id, changes)];
      for (const answer of answers) assert.deepEqual([answer.status, faultyFields(answer)], [422, [field]]);
    }
  });

  it('do not lead to private places, neither at first nor later', async () => {
    const { id } = await created();
    for (const url of [
      'http://10.0.0.1/',
      'http://169.254.169.254/latest',
      'http://[::ffff:10.0.0.1]/',
      'http://user:pass@example.com/',
      'file:///etc/passwd',
      'http://127.0.0.1:5432/',
      'javascript:alert(1)',
    ])
      for (const answer of [await api.post('/v1/subscription', { ...draft, url }), await put(id, { url })])
        assert.deepEqual([answer.status, faultyFields(answer)], [422, ['url']], url);
  });

  it('check their events again with another dialect', async () => {
    const { id } = await created();
    const refused = await put(id, { dialect: 'pagerduty.v3' });
    assert.deepEqual([refused.status, faultyFields(refused)], [422, ['events']]);
    assert.deepEqual(faultyFields(await put(id, { events: ['incident.triggered'] })), ['events[0]']);
    const both = { dialect: 'pagerduty.v3', events: ['incident.triggered'] };
    assert.equal((await put(id, both)).body.dialect, 'pagerduty.v3');
    assert.deepEqual(faultyFields(await put(id, { ...both, events: ['incident.created'] })), ['events[0]']);
    // What both have stays as it is.
    assert.deepEqual((await put(id, { dialect: 'standard' })).body.events, ['incident.triggered']);
  });

  it('are listed by dialect and by whether they are enabled', async () => {
    const { key } = await api.createOrganisation('Lister');
    const make = async (dialect: string) =>
      (await api.post('/v1/subscription', { ...draft, dialect }, { key })).body.id;
    const [first, second, third] = [await make('standard'), await make('standard'), await make('pulseapi')];
    await api.post(`/v1/subscription/${first}/disable`, undefined, { key });
    const list = async (query: string) => (await api.get(`/v1/subscriptions${query}`, { key })).body;
    const ids = async (query: string) => (await list(query)).subscriptions.map(({ id }: Json) => id);
    assert.deepEqual(await ids(''), [third, second, first]);
    assert.deepEqual(await ids('?dialect=standard'), [second, first]);
    assert.deepEqual(await ids('?enabled=true'), [third, second]);
    assert.deepEqual(await ids('?enabled=false&dialect=standard'), [first]);
    const { next_cursor: cursor } = await list('?limit=1&dialect=standard');
    assert.deepEqual(await ids(`?limit=1&dialect=standard&cursor=${cursor}`), [first]);
    assert.equal((await api.get(`/v1/subscriptions?cursor=${cursor}`, { key })).body.code, 'malformed_cursor');
    assert.deepEqual(faultyFields(await api.get('/v1/subscriptions?enabled=yes&dialect=morse', { key })), [
      'query.dialect',
      'query.enabled',
    ]);
  });

  it('are switched off and on by hand, as often as asked', async () => {
    const { id } = await created();
    const post = async (word: string) => (await api.post(`/v1/subscription/${id}/${word}`)).body;
    const off = await post('disable');
    assert.deepEqual([off.enabled, off.disabled_reason], [false, 'by_hand']);
    assert.equal((await post('disable')).disabled_at, off.disabled_at);
    await api.database.sql`
      UPDATE subscriptions SET disabled_reason = 'failing', failing_since = now(), paused_until = now(), notice_due = true
      WHERE id = ${id}`;
    assert.equal((await api.get(`/v1/subscription/${id}`)).body.disabled_reason, 'failing');
    const on = await post('enable');
    for (const field of ['disabled_reason', 'disabled_at', 'failing_since', 'paused_until'])
      assert.equal(on[field], null, field);
    assert.deepEqual([on.enabled, (await post('enable')).enabled], [true, true]);
    const [row] = await api.database.sql`SELECT notice_due FROM subscriptions WHERE id = ${id}`;
    assert.equal(row!.noticeDue, false);
  });

  it('are gone once deleted, unless a ruleset tells them of actions', async () => {
    const { id } = await created({ dialect: 'standard' });
    const rule = { rule_type: 'webhook', level: 'team', team_id: await api.defaultTeamId(), urgency: 'low' };
    const ruleset = (await api.post('/v1/ruleset', { ...rule, conditions: [], name: 'R', description: '' })).body;
    const actions = [{ type: 'trigger-webhook', settings: [{ subscription_id: id }] }];
    const stored = await api.send('PUT', `/v1/ruleset/${ruleset.id}/actions`, { json: { actions } });
    assert.equal(stored.status, 200, stored.text);
    const references = [{ type: 'ruleset', id: ruleset.id, name: 'R' }];
    const toAnother = await put(id, { dialect: 'pulseapi', events: ['incident.created'] });
    assert.deepEqual([toAnother.status, toAnother.body.references], [409, references]);
    const held = await api.send('DELETE', `/v1/subscription/${id}`);
    assert.deepEqual([held.status, held.body.code, held.body.references], [409, 'still_referenced', references]);

    await api.send('PUT', `/v1/ruleset/${ruleset.id}/actions`, { json: { actions: [] } });
    assert.equal((await api.send('DELETE', `/v1/subscription/${id}`)).status, 200);
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['POST', '/enable'],
      ['POST', '/disable'],
      ['POST', '/rotate-secret'],
    ] as const) {
      const json = method === 'PUT' || path === '/rotate-secret' ? {} : undefined;
      const answer = await api.send(method, `/v1/subscription/${id}${path}`, { json });
      assert.equal(answer.status, 404, `${method} ${path}`);
    }
    const listed = (await api.get('/v1/subscriptions?limit=200')).body.subscriptions;
    assert.ok(listed.every((one: Json) => one.id !== id));
    const again = await api.send('PUT', `/v1/ruleset/${ruleset.id}/actions`, { json: { actions } });
    assert.deepEqual(faultyFields(again), ['actions[0].settings[0].subscription_id']);
  });

  it('keep their owner there', async () => {
    const teamId = await api.defaultTeamId();
    const person = { name: 'Bo', email: 'bo@example.com' };
    const member = (await api.post(`/v1/team/${teamId}/member`, person)).body;
    const { id } = await created({ owner_id: member.id });
    const refused = await api.send('DELETE', `/v1/team/${teamId}/member/${member.id}`);
    assert.deepEqual(refused.body.references, [{ type: 'subscription', id, name: 'Pager' }]);
    await api.send('DELETE', `/v1/subscription/${id}`);
    assert.equal((await api.send('DELETE', `/v1/team/${teamId}/member/${member.id}`)).status, 200);
  });

  describe('with secrets of their own', () => {
    const rotate = (id: string, json: Json = {}) => api.post(`/v1/subscription/${id}/rotate-secret`, json);
    const text = 'a text that PagerDuty might have made';

    it('take those that protect something, in the dialect', async () => {
      const own = createSigningSecret();
      assert.equal((await created({ secret: own })).secret, own);
      assert.equal((await created({ dialect: 'pagerduty.v3', secret: text })).secret, text);
      for (const [dialect, secret] of [
        ['pulseapi', 'x'],
        ['pulseapi', text],
        ['pulseapi', 'whsec_QQ=='],
        ['pulseapi', `whsec_${Buffer.alloc(65).toString('base64')}`],
        ['pulseapi', `${own}!`],
        ['pagerduty.v3', 'x'],
        ['pagerduty.v3', 'x'.repeat(256)],
        ['pagerduty.v3', 'whsec_and then something else'],
      ] as const) {
        const answer = await api.post('/v1/subscription', { ...draft, dialect, secret });
        assert.deepEqual([answer.status, faultyFields(answer)], [422, ['secret']], secret);
      }
    });

    it('replace them; the earlier ones are shown to sign until they expire', async () => {
      const { id, secret: first } = await created();
      const once = (await rotate(id, { expires_in: 3_600 })).body;
      const twice = (await rotate(id)).body;
      assert.equal(new Set([first, once.secret, twice.secret]).size, 3);
      const [newest, oldest] = twice.previous_secrets.map((one: Json) => Date.parse(one.expires_at) - Date.now());
      assert.ok(Math.abs(newest - 86_400_000) < 60_000 && Math.abs(oldest - 3_600_000) < 60_000);
      const shown = await api.get(`/v1/subscription/${id}`);
      assert.equal(shown.body.previous_secrets.length, 2);
      for (const secret of [first, once.secret, twice.secret]) assert.ok(!shown.text.includes(secret));
      assert.deepEqual((await rotate(id, { expires_in: 0 })).body.previous_secrets, []);
    });

    it('refuse one that is weak, the present one, or one too many', async () => {
      const { id, secret } = await created();
      for (const given of ['x', text, secret])
        assert.deepEqual(faultyFields(await rotate(id, { secret: given })), ['secret']);
      for (const seconds of [-1, 604_801, 1.5, '60'])
        assert.deepEqual(faultyFields(await rotate(id, { expires_in: seconds })), ['expires_in']);
      for (let count = 0; count < 5; count++) assert.equal((await rotate(id)).status, 200);
      const sixth = await rotate(id);
      assert.deepEqual([sixth.status, sixth.body.code], [409, 'limit_reached']);
      const own = createSigningSecret();
      assert.equal((await rotate(id, { secret: own, expires_in: 0 })).body.secret, own);
    });

    it('answer a repeat with the same secret, and rotate once', async () => {
      const { id } = await created();
      const headers = { 'Idempotency-Key': 'rotate-1' };
      const one = await api.post(`/v1/subscription/${id}/rotate-secret`, {}, { headers });
      const again = await api.post(`/v1/subscription/${id}/rotate-secret`, {}, { headers });
      assert.equal(again.headers.get('Idempotent-Replayed'), 'true');
      assert.equal(again.text, one.text);
      assert.equal((await api.get(`/v1/subscription/${id}`)).body.previous_secrets.length, 1);
      const kept = await api.database.sql<{ outcome: string }[]>`SELECT k::text AS outcome FROM idempotency_keys k`;
      for (const { outcome } of kept) assert.ok(!outcome.includes(one.body.secret));
    });
  });

  describe('with headers of their own', () => {
    const token = 'Bearer s3cr3t-of-the-receiver';
    const headers = [
      { name: 'Authorization', value: token },
      { name: 'X-Tenant', value: '' },
    ];

    it('never show a value again: not in answers, errors or the database', async () => {
      const { id } = await created({ custom_headers: headers });
      assert.deepEqual(await openedHeaders(id), { Authorization: token, 'X-Tenant': '' });
      const answers = [
        await api.get(`/v1/subscription/${id}`),
        await api.get('/v1/subscriptions?limit=200'),
        await put(id, { name: 'Renamed' }),
        await put(id, { custom_headers: [...headers, { name: 'authorization', value: token }] }),
        await put(id, { custom_headers: [{ name: 'Host', value: token }] }),
        await put(id, { custom_headers: [{ name: 'X', value: `${token}\n` }] }),
        await put(id, { custom_headers: [{ name: 'X', value: token, more: token }] }),
      ];
      for (const { text } of answers) assert.ok(!text.includes('s3cr3t'), text);
      const rows = await api.database.sql<{ row: string }[]>`SELECT s::text AS row FROM subscriptions s`;
      const hex = Buffer.from('s3cr3t').toString('hex');
      for (const { row } of rows) assert.ok(!row.includes('s3cr3t') && !row.includes(hex));
      assert.deepEqual(api.takeErrors(), []);
    });

    it('keep values that come back redacted, to the same origin alone', async () => {
      const { id, custom_headers: shown } = await created({ custom_headers: headers });
      const kept = [
        { ...shown[0], name: 'authorization' },
        { name: 'X-New', value: 'n' },
      ];
      assert.equal((await put(id, { url: `${draft.url}/else`, custom_headers: kept })).status, 200);
      assert.deepEqual(await openedHeaders(id), { authorization: token, 'X-New': 'n' });

      const elsewhere = { url: 'http://127.0.0.1:9998/hook' };
      assert.deepEqual(faultyFields(await put(id, elsewhere)), ['custom_headers']);
      assert.deepEqual(faultyFields(await put(id, { ...elsewhere, custom_headers: kept })), [
        'custom_headers[0].value',
      ]);
      const unknown = [{ name: 'X-Unknown', value: '<redacted>' }];
      assert.deepEqual(faultyFields(await put(id, { custom_headers: unknown })), ['custom_headers[0].value']);
      const fresh = await api.post('/v1/subscription', { ...draft, custom_headers: unknown });
      assert.deepEqual(faultyFields(fresh), ['custom_headers[0].value']);
      assert.equal((await put(id, { ...elsewhere, custom_headers: [] })).status, 200);
      assert.deepEqual((await api.get(`/v1/subscription/${id}`)).body.custom_headers, []);
    });

    it('are bounded, unique and not ours', async () => {
      const refused = async (custom_headers: Json) =>
        faultyFields(await api.post('/v1/subscription', { ...draft, custom_headers }));
      for (const name of ['Webhook-Signature', 'X-PagerDuty-Signature', 'x-webhook-id', 'User-Agent', 'host', 'te'])
        assert.deepEqual(await refused([{ name, value: 'a' }]), ['custom_headers[0].name'], name);
      for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'é', 'x'.repeat(101)])
        assert.deepEqual(await refused([{ name, value: 'a' }]), ['custom_headers[0].name'], name);
      for (const value of ['a\r\nX: b', 'a\n', '\0', 'é', ' a', 'a '])
        assert.deepEqual(await refused([{ name: 'X', value }]), ['custom_headers[0].value'], value);
      const twice = ['X-A', 'x-a'].map((name) => ({ name, value: 'a' }));
      assert.deepEqual(await refused(twice), ['custom_headers[1].name']);
      const many = Array.from({ length: 21 }, (_, index) => ({ name: `X-${index}`, value: 'a' }));
      assert.deepEqual(await refused(many), ['custom_headers']);
      const long = ['A', 'B'].map((name) => ({ name, value: 'x'.repeat(2_049) }));
      assert.deepEqual(await refused(long), ['custom_headers']);
      await created({ custom_headers: many.slice(1) });
    });
  });
});
