import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createEventStore } from '../../src/stores/events.ts';
import { startTestApi, type Json, type TestApi } from '../support/api.ts';

const unknownKey = '0'.repeat(32);

describe('the Events API of PagerDuty', () => {
  let api: TestApi;
  let webhook: Json;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());
  beforeEach(async () => void (webhook = (await api.post('/v1/webhook', { source: 'pagerduty' })).body));

  const payload = { summary: 'The disk of db-1 is full', source: 'db-1', severity: 'critical' };
  const send = (event: unknown, headers: Record<string, string> = { 'Content-Type': 'application/json' }) =>
    api.send('POST', '/v2/enqueue', { key: null, body: JSON.stringify(event), headers });
  const trigger = (given: object = {}) => ({
    ...{ routing_key: webhook.routing_key, event_action: 'trigger', payload },
    ...given,
  });
  const events = async (): Promise<Json[]> => (await api.get(`/v1/webhook/${webhook.id}/events`)).body.events;

  it('is shown with its address and key', async () => {
    assert.equal(webhook.enqueue_url, 'http://tocsin.test/v2/enqueue');
    assert.match(webhook.routing_key, /^[0-9a-f]{32}$/);
    assert.deepEqual((await api.get(`/v1/webhook/${webhook.id}`)).body, webhook);
    const { webhooks } = (await api.get('/v1/webhooks?limit=200')).body;
    assert.equal(webhooks.find(({ id }: Json) => id === webhook.id).routing_key, webhook.routing_key);
  });

  it('keeps an event byte for byte, and answers with the key of its problem', async () => {
    const body = ` {"routing_key":"${webhook.routing_key}", "event_action":"trigger","dedup_key":"disk/db-1",
      "service_key":"old","details":{"a":1.0},"payload":${JSON.stringify(payload)}} `;
    const answer = await api.send('POST', '/v2/enqueue', { key: null, body, headers: { 'X-Probe': 'a' } });
    assert.equal(answer.status, 202, answer.text);
    assert.deepEqual(answer.body, { status: 'success', message: 'Event processed', dedup_key: 'disk/db-1' });
    const [event] = await events();
    assert.deepEqual([event.body, event.headers['x-probe'], event.status], [body, 'a', 'pending']);
  });

  it('gives a problem a key where its sender gave none', async () => {
    for (const given of [{}, { dedup_key: '' }, { dedup_key: null }]) {
      const { status, body } = await send(trigger(given));
      const [{ id }] = await events();
      assert.deepEqual([status, body.dedup_key], [202, id.replaceAll('-', '')]);
    }
  });

  it('takes all that PagerDuty takes, whatever its content type says', async () => {
    const full = {
      ...{ dedup_key: '😀'.repeat(255), client: 'Probe', client_url: 'https://probe.example.com' },
      payload: {
        ...{ ...payload, summary: 'é'.repeat(1_024), component: 'postgres', group: 'db', class: '' },
        ...{ timestamp: '2026-03-15T19:09:39.412+0000', custom_details: { free: '0 %', deep: { a: [1] } } },
      },
      links: [{ href: 'https://a.example.com', text: 'A' }, { href: 'https://b.example.com' }],
      images: [{ src: 'https://a.example.com/a.png', href: 'https://a.example.com', alt: 'A' }],
    };
    const nothing = { client: null, client_url: null, links: null, images: null, dedup_key: null };
    for (const event of [
      trigger(full),
      trigger(nothing),
      trigger({ payload: { ...payload, timestamp: null, component: null, custom_details: null, more: 1 } }),
      ...['2026-03-15T19:09:39Z', '2026-03-15T19:09+01:00', '2026-03-15 19:09:39.123456-0530'].map((timestamp) =>
        trigger({ payload: { ...payload, timestamp } }),
      ),
      // Alertmanager fills in the payload of a resolve, too.
      trigger({ event_action: 'resolve', dedup_key: 'a', payload: { summary: '', severity: 'unheard of' } }),
      { routing_key: webhook.routing_key, event_action: 'acknowledge', dedup_key: 'a' },
    ])
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain; charset=utf-8']) {
        const answer = await send(event, { 'Content-Type': type });
        assert.equal(answer.status, 202, `${type} ${answer.text}`);
      }
  });

  it('names each fault, and stores nothing', async () => {
    const within = (given: object) => trigger({ payload: { ...payload, ...given } });
    for (const [event, ...faults] of [
      [{}, 'event_action', 'routing_key'],
      [[], 'body'],
      ['x', 'body'],
      [null, 'body'],
      [trigger({ routing_key: undefined }), 'routing_key'],
      [trigger({ routing_key: 'a' }), 'routing_key'],
      [trigger({ routing_key: 7 }), 'routing_key'],
      [trigger({ routing_key: unknownKey }), 'routing_key'],
      [trigger({ event_action: 'notify' }), 'event_action'],
      [trigger({ event_action: undefined, routing_key: 'a' }), 'event_action', 'routing_key'],
      [trigger({ payload: undefined }), 'payload'],
      [trigger({ payload: {} }), 'payload.severity', 'payload.source', 'payload.summary'],
      [within({ summary: '' }), 'payload.summary'],
      [within({ summary: 'x'.repeat(1_025) }), 'payload.summary'],
      [within({ summary: 'a\0' }), 'payload.summary'],
      [within({ source: ' ' }), 'payload.source'],
      [within({ severity: 'fatal' }), 'payload.severity'],
      [within({ timestamp: 'yesterday' }), 'payload.timestamp'],
      [within({ component: 7, group: [], class: {} }), 'payload.class', 'payload.component', 'payload.group'],
      [within({ custom_details: 'full' }), 'payload.custom_details'],
      [trigger({ dedup_key: 'x'.repeat(256) }), 'dedup_key'],
      [trigger({ dedup_key: 7 }), 'dedup_key'],
      [trigger({ dedup_key: '\ud800' }), 'dedup_key'],
      [trigger({ event_action: 'acknowledge' }), 'dedup_key'],
      [trigger({ event_action: 'resolve', dedup_key: '' }), 'dedup_key'],
      [trigger({ event_action: 'resolve', dedup_key: 'x'.repeat(256) }), 'dedup_key'],
      [trigger({ client: 7, client_url: 'x'.repeat(8_193) }), 'client', 'client_url'],
      [trigger({ links: [{ text: 'A' }, { href: '' }, 7] }), 'links[0].href', 'links[1].href', 'links[2]'],
      [trigger({ links: Array.from({ length: 1_001 }, () => ({ href: 'https://a.example.com' })) }), 'links'],
      [trigger({ images: [{ src: 'http://a.example.com/a.png' }, {}] }), 'images[0].src', 'images[1].src'],
    ] as [unknown, ...string[]][]) {
      const answer = await send(event);
      const about = `${JSON.stringify(event).slice(0, 200)} ${answer.text}`;
      assert.equal(answer.status, 400, about);
      const { status, message, errors, ...others } = answer.body;
      assert.deepEqual([status, message, others], ['invalid event', 'Event object is invalid', {}], about);
      const named = errors.map((error: string) => /^'([^']+)' /.exec(error)?.[1]);
      assert.deepEqual(named.sort(), faults, about);
      assert.ok(!errors.some((error: string) => /\s$/.test(error)), about);
    }
    assert.deepEqual(await events(), []);
  });

  it('refuses in the same form what cannot be read or is too large', async () => {
    const sendBody = (body: string, method = 'POST') =>
      api.send(method, '/v2/enqueue', { key: null, ...(method === 'GET' ? {} : { body }) });
    for (const [body, status, method] of [
      ['{"routing_key":', 400],
      [JSON.stringify(trigger({ more: 'x'.repeat(512 * 1024) })), 413],
      ['', 405, 'GET'],
    ] as [string, number, string?][]) {
      const answer = await sendBody(body, method);
      assert.deepEqual([answer.status, answer.body.status, answer.body.errors.length], [status, 'invalid event', 1]);
      assert.equal(answer.headers.get('Content-Type'), 'application/json; charset=utf-8');
    }
    const largest = JSON.stringify(trigger({ more: '' }));
    const padded = JSON.stringify(trigger({ more: 'x'.repeat(512 * 1024 - largest.length) }));
    assert.equal((await sendBody(padded)).status, 202);
  });

  it('knows only the keys of webhooks that speak it and take events, from the moment of a change', async () => {
    const path = `/v1/webhook/${webhook.id}`;
    const status = async () => (await send(trigger())).status;
    assert.equal(await status(), 202);
    for (const [given, taken] of [
      [{ enabled: false }, 400],
      [{ enabled: true }, 202],
      [{ source: 'grafana' }, 400],
      [{ source: 'pagerduty' }, 202],
      [{ name: 'Renamed' }, 202],
    ] as const) {
      assert.equal((await api.send('PUT', path, { json: given })).status, 200);
      assert.equal(await status(), taken, JSON.stringify(given));
    }

    const rotated = await api.post(`${path}/rotate-routing-key`);
    assert.equal(rotated.status, 200);
    assert.notEqual(rotated.body.routing_key, webhook.routing_key);
    assert.equal(await status(), 400, 'the key before');
    webhook = rotated.body;
    assert.equal(await status(), 202);
    assert.equal((await api.send('DELETE', path)).status, 200);
    assert.equal(await status(), 400);
    assert.equal((await api.post(`${path}/rotate-routing-key`)).status, 404);
    const other = await api.createOrganisation('Other');
    const theirs = (await api.post('/v1/webhook', {}, { key: other.key })).body;
    assert.equal((await api.post(`/v1/webhook/${theirs.id}/rotate-routing-key`)).status, 404);
    assert.equal((await send(trigger({ routing_key: theirs.routing_key }))).status, 400, 'speaks something else');
  });

  it('believes a sender only as far as the webhook does', async () => {
    const verification = { type: 'bearer', secret: 'a-token-of-some-length' };
    await api.send('PUT', `/v1/webhook/${webhook.id}`, { json: { verification } });
    const refused = await send(trigger());
    assert.equal(refused.status, 401);
    assert.deepEqual([refused.body.status, refused.body.errors.length], ['invalid event', 1]);
    const taken = await send(trigger(), { Authorization: `Bearer ${verification.secret}` });
    assert.equal(taken.status, 202, taken.text);
    assert.deepEqual(
      (await events()).map(({ status }) => status),
      ['pending', 'rejected'],
    );
  });

  it('costs a look at the webhook once, not with each event', async () => {
    const queries: string[] = [];
    const { sql } = api.database;
    const counting = new Proxy(sql, {
      apply: (target, self, args: Parameters<typeof sql>) => {
        queries.push(
          String((args[0] as unknown as string[])[0])
            .trim()
            .split(/\s/)[0]!,
        );
        return Reflect.apply(target, self, args) as unknown;
      },
    });
    const store = createEventStore(counting, { ring: () => {} }, api.deps.sealer);
    const submit = async () => {
      const webhookId = (await store.webhookOf(webhook.routing_key))!;
      const common = { contentType: null, ip: '192.0.2.7', headers: {}, body: Buffer.from('{}') };
      assert.ok(await store.submit({ webhookId, routingKey: webhook.routing_key, ...common }));
    };
    await submit();
    queries.splice(0);
    await submit();
    await submit();
    assert.deepEqual(
      queries.filter((word) => ['SELECT', 'INSERT'].includes(word)),
      ['INSERT', 'INSERT'],
    );
  });
});

describe('rate limits of events by their source', () => {
  let api: TestApi;
  const rateLimits = { webhook: { name: 'webhook', quota: 1, windowSeconds: 600 } };
  before(async () => void (api = await startTestApi({ rateLimits })));
  after(() => api.close());

  it('are told as each sender understands them, over both paths together', async () => {
    const pagerduty = (await api.post('/v1/webhook', { source: 'pagerduty' })).body;
    const event = { routing_key: pagerduty.routing_key, event_action: 'resolve', dedup_key: 'a' };
    assert.equal((await api.post(`/v1/incident/webhook/${pagerduty.id}`, event, { key: null })).status, 201);
    const refused = await api.post('/v2/enqueue', event, { key: null });
    assert.deepEqual([refused.status, refused.body.status], [429, 'throttle exceeded']);
    assert.ok(Number(refused.headers.get('Retry-After')) > 100);

    const alertmanager = (await api.post('/v1/webhook', { source: 'alertmanager' })).body;
    const submit = () => api.post(`/v1/incident/webhook/${alertmanager.id}`, {}, { key: null });
    assert.equal((await submit()).status, 201);
    const paused = await submit();
    assert.deepEqual([paused.status, paused.body.code], [503, 'unavailable']);
    assert.ok(Number(paused.headers.get('Retry-After')) > 100);
  });
});

describe('webhooks with a source', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  it('of incident.io take events only once their senders are verified', async () => {
    const { id } = (await api.post('/v1/webhook', { source: 'incident.io' })).body;
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const body = JSON.stringify({ event_type: 'public_incident.incident_created_v2' });
    const submit = (family = 'webhook') => {
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const signed = createHmac('sha256', Buffer.alloc(24, 7)).update(`msg_1.${timestamp}.${body}`).digest('base64');
      const headers = {
        ...{ [`${family}-id`]: 'msg_1', [`${family}-timestamp`]: timestamp, [`${family}-signature`]: `v1,${signed}` },
        'Content-Type': 'application/json',
      };
      return api.send('POST', `/v1/incident/webhook/${id}`, { key: null, body, headers });
    };
    const set = (json: object) => api.send('PUT', `/v1/webhook/${id}`, { json });
    const refused = await submit();
    assert.deepEqual([refused.status, refused.body.code], [401, 'unverified_sender']);
    assert.match(refused.body.detail, /needs a verification of type standard-webhooks/);
    await set({ verification: { type: 'bearer', secret: 'another-way-to-know' } });
    assert.match((await submit()).body.detail, /needs a verification of type standard-webhooks/);
    await set({ verification: { type: 'standard-webhooks', secret } });
    for (const family of ['webhook', 'svix']) assert.equal((await submit(family)).status, 201, family);
    await set({ verification: null });
    assert.equal((await submit()).status, 401);
    await set({ source: 'generic-json' });
    assert.equal((await submit()).status, 201);
    const { events } = (await api.get(`/v1/webhook/${id}/events`)).body;
    assert.deepEqual(
      events.map(({ status }: Json) => status),
      ['pending', 'rejected', 'pending', 'pending', 'rejected', 'rejected'],
    );
  });

  it('belong to a team of the organisation, which stays as long as they do', async () => {
    const other = await api.createOrganisation('Other');
    for (const team_id of [other.teamId, '01999999-0000-7000-8000-000000000000']) {
      const refused = await api.post('/v1/webhook', { team_id });
      assert.deepEqual([refused.status, refused.body.errors?.[0]?.field], [422, 'team_id']);
    }
    assert.equal((await api.post('/v1/webhook', { source: 'nagios' })).body.errors[0].field, 'source');
    const team = (await api.post('/v1/team', { name: 'Databases' })).body;
    const webhook = (await api.post('/v1/webhook', { team_id: team.id, name: 'Probe' })).body;
    const path = `/v1/webhook/${webhook.id}`;
    const wrong = await api.send('PUT', path, { json: { team_id: other.teamId } });
    assert.deepEqual([wrong.status, wrong.body.errors[0].field], [422, 'team_id']);
    assert.equal((await api.send('PUT', path, { json: { name: 'A' } })).body.team_id, team.id);

    const kept = await api.send('DELETE', `/v1/team/${team.id}`);
    assert.deepEqual([kept.status, kept.body.code], [409, 'still_referenced']);
    assert.deepEqual(kept.body.references, [{ type: 'webhook', id: webhook.id, name: 'A' }]);
    assert.equal((await api.send('PUT', path, { json: { team_id: null } })).body.team_id, null);
    assert.equal((await api.send('DELETE', `/v1/team/${team.id}`)).status, 200);
  });
});
