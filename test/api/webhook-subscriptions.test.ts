import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { v7 as uuid } from 'uuid';
import { documentedAnswer } from '../support/documented-answer.ts';
import { startTestApi, type Answer, type Json, type TestApi } from '../support/api.ts';

/** The sample of PagerDuty's own documentation. */
const fixture = new URL('../outbound/fixtures/pagerduty-v3-create-webhook-subscription.json', import.meta.url);

describe("PagerDuty's webhook subscriptions over HTTP", () => {
  let api: TestApi;
  let organisation: { id: string; key: string; teamId: string };
  let serviceId: string;
  let sample: Json;
  before(async () => {
    sample = JSON.parse(await readFile(fixture, 'utf8'));
    // Nothing is looked up in tests.
    sample.webhook_subscription.delivery_method.url = 'http://127.0.0.1:9999/receive_a_pagerduty_webhook';
    api = await startTestApi();
    organisation = await api.createOrganisation('Acme');
    serviceId = (await api.post('/v1/webhook', {}, { key: organisation.key })).body.id;
  });
  after(() => api.close());

  /** As PagerDuty's clients send a request. */
  const send = (method: string, path = '', json?: Json, key = organisation.key) =>
    api.send(method, `/webhook_subscriptions${path}`, {
      key: null,
      json,
      headers: { Authorization: `Token token=${key}`, Accept: 'application/vnd.pagerduty+json;version=2' },
    });
  const bodyOf = (changes: Json = {}) => {
    const filter = { id: serviceId, type: 'service_reference' };
    return { webhook_subscription: { ...sample.webhook_subscription, filter, ...changes } };
  };
  const created = async (changes: Json = {}): Promise<Json> => {
    const answer = await send('POST', '', bodyOf(changes));
    assert.equal(answer.status, 201, answer.text);
    return answer.body.webhook_subscription;
  };
  /** The faults that are named, in PagerDuty's shape. */
  const faultsOf = ({ status, body, headers }: Answer): string[] => {
    assert.equal(status, 400);
    assert.match(headers.get('Content-Type')!, /^application\/json/);
    assert.deepEqual([body.error.message, body.error.code], ['Invalid Input Provided', 2001]);
    return body.error.errors.map((line: string) => line.split(' ')[0]!.replace('webhook_subscription.', '')).sort();
  };

  it('take the sample as it stands, and show its secret once', async () => {
    const { delivery_method: method, ...rest } = await created();
    assert.match(method.secret, /^.{24,}$/);
    const { delivery_method: given, ...others } = bodyOf().webhook_subscription;
    assert.deepEqual(rest, { ...others, id: rest.id, active: true });
    const headers = [{ name: 'your-header-name', value: '-- redacted --' }];
    const shownMethod = {
      ...{ id: rest.id, type: given.type, url: given.url },
      ...{ secret: null, temporarily_disabled: false, custom_headers: headers },
    };
    assert.deepEqual({ ...method, secret: null }, shownMethod);
    const shown = await send('GET', `/${rest.id}`);
    assert.deepEqual(shown.body.webhook_subscription, { ...rest, delivery_method: shownMethod });
    const list = await send('GET');
    assert.deepEqual(list.body.webhook_subscriptions, [shown.body.webhook_subscription]);
    for (const { text } of [shown, list]) assert.ok(!text.includes(method.secret) && !text.includes('header-value'));

    const native = (await api.get(`/v1/subscription/${rest.id}`, { key: organisation.key })).body;
    assert.deepEqual(
      [native.dialect, native.name, native.filter],
      ['pagerduty.v3', sample.webhook_subscription.description, { type: 'service', id: serviceId }],
    );
    assert.deepEqual(native.custom_headers, [{ name: 'your-header-name', value: '<redacted>' }]);
  });

  it('are those of the dialect, and of the organisation', async () => {
    const make = async (dialect: string) => {
      const draft = { name: 'N', url: 'http://127.0.0.1:9999/', dialect };
      return (await api.post('/v1/subscription', draft, { key: organisation.key })).body.id as string;
    };
    const [spoken, other] = [await make('pagerduty.v3'), await make('pagerduty.v2')];
    const foreign = (
      await send(
        'POST',
        '',
        { webhook_subscription: { ...bodyOf().webhook_subscription, filter: { type: 'account_reference' } } },
        api.adminKey,
      )
    ).body.webhook_subscription.id;
    assert.equal((await send('GET', `/${spoken}`)).status, 200);
    const listed = (await send('GET')).body.webhook_subscriptions.map(({ id }: Json) => id);
    assert.ok(listed.includes(spoken) && !listed.includes(other) && !listed.includes(foreign));
    for (const id of [other, foreign, uuid(), 'PY1OL64'])
      for (const [method, path, json] of [
        ['GET', '', undefined],
        ['PUT', '', { webhook_subscription: {} }],
        ['DELETE', '', undefined],
        ['POST', '/enable', undefined],
        ['POST', '/ping', undefined],
      ] as const) {
        const answer = await send(method, `/${id}${path}`, json);
        assert.equal(answer.status, 404, `${method} ${path}`);
        const error = { message: 'Not Found', code: 2100, errors: ['Nothing is known under this path.'] };
        assert.deepEqual(answer.body, { error });
      }
  });

  it('name every fault in the words of PagerDuty', async () => {
    const post = async (changes: Json) => faultsOf(await send('POST', '', bodyOf(changes)));
    assert.deepEqual(faultsOf(await send('POST', '', {})), ['webhook_subscription']);
    assert.deepEqual(await post({ events: undefined, delivery_method: undefined, filter: undefined }), [
      'delivery_method',
      'events',
      'filter',
    ]);
    assert.deepEqual(await post({ type: 'x', active: 1, events: ['incident.created', 'incident.resolved'] }), [
      'active',
      'events[0]',
      'type',
    ]);
    const method = sample.webhook_subscription.delivery_method;
    const twice = ['X-A', 'x-a'].map((name) => ({ name, value: 'secret' }));
    const faulty = await send('POST', '', bodyOf({ delivery_method: { ...method, custom_headers: twice } }));
    assert.deepEqual(faultsOf(faulty), ['delivery_method.custom_headers[1].name']);
    assert.ok(!faulty.text.includes('secret'));
    assert.deepEqual(await post({ delivery_method: { ...method, url: 'http://10.0.0.1/' } }), ['delivery_method.url']);
    assert.deepEqual(await post({ delivery_method: { ...method, type: 'pigeon' } }), ['delivery_method.type']);
    const redacted = [{ name: 'X', value: '-- redacted --' }];
    assert.deepEqual(await post({ delivery_method: { ...method, custom_headers: redacted } }), [
      'delivery_method.custom_headers[0].value',
    ]);
    for (const id of ['P393ZNQ', uuid(), await api.defaultTeamId()])
      assert.deepEqual(await post({ filter: { type: 'service_reference', id } }), ['filter.id']);
    for (const filter of [{ type: 'team_reference' }, { type: 'service_reference', id: null }])
      assert.deepEqual(await post({ filter }), ['filter.id']);
    assert.deepEqual(await post({ oauth_client_id: 'AGMEB7F7YJYELCPG4Y5YWMYGXE' }), ['oauth_client_id']);
    for (const body of ['{', '[]', '"x"']) {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await api.send('POST', '/webhook_subscriptions', { key: organisation.key, body, headers });
      assert.deepEqual([answer.status, answer.body.error.code], [400, 2001], body);
    }
  });

  it('have events as a set, and what else clients send is passed over', async () => {
    const events = ['incident.triggered', 'incident.resolved', 'incident.triggered'];
    const made = await created({ events, summary: 'x', html_url: null, oauth_client_id: null });
    assert.deepEqual(made.events, ['incident.triggered', 'incident.resolved']);
  });

  it('change what a PUT names', async () => {
    const before = await created();
    const path = `/${before.id}`;
    const put = async (changes: Json) =>
      (await send('PUT', path, { webhook_subscription: changes })).body.webhook_subscription;
    const now = { ...before, delivery_method: { ...before.delivery_method, secret: null } };
    assert.deepEqual(await put({}), now);
    // As Terraform does: all of it, as it was shown.
    assert.deepEqual(await put(now), now);
    const changes = { description: 'Less', events: ['incident.resolved'], active: false };
    const account = { filter: { type: 'account_reference', id: null } };
    assert.deepEqual(await put({ ...changes, ...account }), { ...now, ...changes, ...account });
    assert.equal((await put({ active: true })).active, true);
    const team = { type: 'team_reference', id: organisation.teamId };
    assert.deepEqual((await put({ filter: team })).filter, team);
    const refused = await send('PUT', path, { webhook_subscription: { events: ['incident.created'] } });
    assert.deepEqual(faultsOf(refused), ['events[0]']);
    const elsewhere = { delivery_method: { url: 'http://127.0.0.1:9998/' } };
    assert.deepEqual(faultsOf(await send('PUT', path, { webhook_subscription: elsewhere })), [
      'delivery_method.custom_headers',
    ]);
  });

  it('show one that failed as disabled for a time, until it is enabled', async () => {
    const { id } = await created();
    await api.database.sql`
      UPDATE subscriptions SET enabled = false, disabled_reason = 'failing', disabled_at = now() WHERE id = ${id}`;
    const states = ({ active, delivery_method: method }: Json) => [active, method.temporarily_disabled];
    assert.deepEqual(states((await send('GET', `/${id}`)).body.webhook_subscription), [true, true]);
    const kept = await send('PUT', `/${id}`, { webhook_subscription: { active: true, description: 'x' } });
    assert.deepEqual(states(kept.body.webhook_subscription), [true, true]);
    const off = await send('PUT', `/${id}`, { webhook_subscription: { active: false } });
    assert.deepEqual(states(off.body.webhook_subscription), [false, false]);
    const enabled = await send('POST', `/${id}/enable`);
    assert.deepEqual([enabled.status, states(enabled.body.webhook_subscription)], [200, [true, false]]);
    assert.equal((await created({ active: false })).active, false);
  });

  it('are listed from an offset on, by what they filter', async () => {
    const { key, teamId } = await api.createOrganisation('Lister');
    const make = async (filter: Json) =>
      (await send('POST', '', bodyOf({ filter }), key)).body.webhook_subscription.id as string;
    const account = { type: 'account_reference' };
    const team = { type: 'team_reference', id: teamId };
    const ids = [await make(account), await make(team), await make({ ...team, type: 'service_reference' })];
    const list = async (query: string) => {
      const { webhook_subscriptions: rows, ...rest } = (await send('GET', query, undefined, key)).body;
      return [rows.map(({ id }: Json) => ids.indexOf(id)), rest];
    };
    assert.deepEqual(await list(''), [[0, 1, 2], { limit: 25, offset: 0, total: null, more: false }]);
    assert.deepEqual(await list('?limit=2'), [[0, 1], { limit: 2, offset: 0, total: null, more: true }]);
    const last = { limit: 2, offset: 2, total: 3, more: false };
    assert.deepEqual(await list('?limit=2&offset=2&total=true'), [[2], last]);
    const found = async (query: string) => (await list(query))[0];
    assert.deepEqual(await found('?filter_type=account'), [0]);
    assert.deepEqual(await found(`?filter_type=team&filter_id=${teamId}`), [1]);
    assert.deepEqual(await found(`?filter_type=service&filter_id=${teamId.toUpperCase()}`), [2]);
    assert.deepEqual(await found(`?filter_type=service&filter_id=${uuid()}`), []);
    assert.deepEqual(await list('?filter_type=service&filter_id=P393ZNQ&total=true'), [
      [],
      { limit: 25, offset: 0, total: 0, more: false },
    ]);
    assert.deepEqual(faultsOf(await send('GET', '?filter_type=team')), ['query.filter_id']);
    assert.deepEqual(faultsOf(await send('GET', '?limit=101&offset=-1&total=1')), [
      'query.limit',
      'query.offset',
      'query.total',
    ]);
  });

  it('are pinged, once under an Idempotency-Key, while they are enabled', async () => {
    const { id } = await created();
    const options = { key: organisation.key, headers: { 'Idempotency-Key': 'ping-1' } };
    for (const replayed of [null, 'true']) {
      const answer = await api.send('POST', `/webhook_subscriptions/${id}/ping`, options);
      assert.deepEqual([answer.status, answer.text], [202, '']);
      assert.equal(answer.headers.get('Idempotent-Replayed'), replayed);
    }
    const sent = await api.database.sql`SELECT event, status FROM deliveries WHERE subscription_id = ${id}`;
    assert.deepEqual([...sent], [{ event: 'pagey.ping', status: 'pending' }]);
    await send('PUT', `/${id}`, { webhook_subscription: { active: false } });
    const refused = await send('POST', `/${id}/ping`);
    assert.deepEqual([refused.status, refused.body.error.message], [409, 'The subscription is disabled']);
  });

  it('are gone after a DELETE, which answers nothing', async () => {
    const { id } = await created();
    const gone = await send('DELETE', `/${id}`);
    assert.deepEqual([gone.status, gone.text, gone.headers.get('Content-Type')], [204, '', null]);
    assert.equal((await send('DELETE', `/${id}`)).status, 404);
    assert.equal((await api.get(`/v1/subscription/${id}`, { key: organisation.key })).status, 404);
  });

  it('know keys in both schemes, and refuse others in their shape', async () => {
    for (const scheme of ['Token token=', 'token token=', 'Bearer '])
      for (const key of [organisation.key, ...(scheme === 'Bearer ' ? [] : [`"${organisation.key}"`])]) {
        const headers = { Authorization: scheme + key };
        assert.equal((await api.get('/webhook_subscriptions', { key: null, headers })).status, 200, scheme);
      }
    for (const value of [undefined, 'Token token=', 'Token token=unknown', `Token ${organisation.key}`, 'Basic eDp5']) {
      const headers: Record<string, string> = value === undefined ? {} : { Authorization: value };
      const answer = await api.get('/webhook_subscriptions', { key: null, headers });
      assert.equal(answer.status, 401);
      assert.deepEqual([answer.body.error.message, answer.body.error.code], ['Authentication Failed', 2006]);
    }
    const headers = { Authorization: `Token token=${organisation.key}` };
    assert.equal((await api.get('/v1/subscriptions', { key: null, headers })).status, 401);
    const wrong = await send('PATCH', '');
    assert.deepEqual([wrong.status, wrong.body.error.message], [405, 'Method not allowed']);
  });

  it('are created once under an Idempotency-Key, whose repeat shows the secret again', async () => {
    const options = { key: organisation.key, json: bodyOf(), headers: { 'Idempotency-Key': 'pd-1' } };
    const [first, second] = [
      await api.send('POST', '/webhook_subscriptions', options),
      await api.send('POST', '/webhook_subscriptions', options),
    ];
    assert.equal(first.text, second.text);
    assert.equal(second.headers.get('Idempotent-Replayed'), 'true');
    const other = { ...options, json: bodyOf({ active: false }) };
    const reused = await api.send('POST', '/webhook_subscriptions', other);
    assert.deepEqual([reused.status, reused.body.error.code], [400, 2001]);
  });

  it('answer as the document says', async () => {
    const document = (await api.get('/openapi.json')).body;
    const { id } = await created();
    for (const [method, path, status] of [
      ['GET', '/webhook_subscriptions', 200],
      ['GET', '/webhook_subscriptions/{id}', 200],
      ['POST', '/webhook_subscriptions/{id}/enable', 200],
    ] as const) {
      const answer = await send(method, path.replace('/webhook_subscriptions', '').replace('{id}', id));
      documentedAnswer(document, method, path, status).parse(answer.body);
    }
    const refused = await send('GET', `/${uuid()}`);
    documentedAnswer(document, 'GET', '/webhook_subscriptions/{id}', 404).parse(refused.body);
    assert.equal(document.paths['/webhook_subscriptions/{id}'].delete.responses['204'].content, undefined);
  });
});
