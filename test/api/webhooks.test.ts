import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('webhooks and their events over HTTP', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi({ trustedProxies: ['127.0.0.0/8'] })));
  after(() => api.close());

  const createWebhook = async (): Promise<Json> => (await api.post('/v1/webhook', { name: 'Probe' })).body;
  const submit = (id: string, body?: RequestInit['body'], headers: Record<string, string> = {}) =>
    api.send('POST', `/v1/incident/webhook/${id}`, { key: null, body, headers });
  const eventsOf = async (id: string): Promise<Json[]> => (await api.get(`/v1/webhook/${id}/events`)).body.events;

  it('show what they were made with', async () => {
    const given = {
      name: 'Production API',
      description: 'Watches the API',
      monitor_url: 'https://api.example.com/health',
      monitor_method: 'GET',
      check_paths: { http_status_code: 'response.status', error: '/error/text' },
      tags: ['production', 'eu-central-1'],
      verification: null,
      source: 'alertmanager',
      team_id: await api.defaultTeamId(),
      opens_incidents: false,
    };
    const { status, body } = await api.post('/v1/webhook', given);
    assert.equal(status, 201);
    assert.deepEqual(body, {
      ...given,
      id: body.id,
      number: 1,
      enabled: true,
      url: `http://tocsin.test/v1/incident/webhook/${body.id}`,
      enqueue_url: null,
      routing_key: body.routing_key,
      created_at: body.created_at,
    });
    assert.deepEqual((await api.get('/v1/webhooks')).body.webhooks, [body]);
    const bare = await api.post('/v1/webhook', {});
    assert.deepEqual([bare.body.name, bare.body.monitor_url, bare.body.check_paths], ['Webhook 2', null, {}]);
  });

  it('name every faulty field', async () => {
    const answer = await api.post('/v1/webhook', {
      name: '',
      description: 'x'.repeat(2_001),
      monitor_url: 'javascript:alert(1)',
      monitor_method: 'FETCH',
      check_paths: { http_status_code: 'a[', response_time_ms: 7, latency: 'a' },
    });
    assert.deepEqual(faultyFields(answer), [
      'check_paths.http_status_code',
      'check_paths.latency',
      'check_paths.response_time_ms',
      'description',
      'monitor_method',
      'monitor_url',
      'name',
    ]);
  });

  it('keep any body byte for byte', async () => {
    const { id } = await createWebhook();
    const bodies: [string, RequestInit['body'], string | null, string | null][] = [
      ['JSON', '{"a": 1}', 'application/json', '{"a": 1}'],
      ['nothing', undefined, null, ''],
      ['a form', 'a=1&b=2', 'application/x-www-form-urlencoded', 'a=1&b=2'],
      ['text that is no JSON', '{', 'application/json', '{'],
      ['a byte order mark', '\ufeff{}', 'application/json', '\ufeff{}'],
      ['an escaped NUL and half a pair', '{"a":"\\u0000\\ud800"}', 'application/json', '{"a":"\\u0000\\ud800"}'],
      ['a NUL', 'a\0b', 'text/plain', 'a\0b'],
      ['deep nesting', '['.repeat(20_000), 'application/json', '['.repeat(20_000)],
      ['prototypes', '{"__proto__":{"a":1}}', 'application/json', '{"__proto__":{"a":1}}'],
      [
        'large numbers',
        '{"a":12345678901234567890,"b":1e400}',
        'application/json',
        '{"a":12345678901234567890,"b":1e400}',
      ],
      ['no UTF-8', Buffer.from('fffe6100', 'hex'), 'text/plain; charset=utf-16', null],
    ];
    for (const [what, body, type, expected] of bodies) {
      const answer = await submit(id, body, type === null ? {} : { 'Content-Type': type });
      assert.equal(answer.status, 201, what);
      const { id: eventId, message, received_at, ...rest } = answer.body;
      assert.deepEqual(rest, { ip: '127.0.0.1', content_type: type === null ? null : type }, what);
      assert.ok(message.length > 0 && Date.parse(received_at) > 0);
      const [event] = await eventsOf(id);
      assert.deepEqual(
        [event.id, event.body, event.received_at, event.status, event.matches],
        [eventId, expected, received_at, 'pending', []],
        what,
      );
      assert.equal(event.body_base64, expected === null ? '//5hAA==' : undefined);
    }
  });

  it('take compressed bodies as what they mean, and refuse broken ones', async () => {
    const { id } = await createWebhook();
    assert.equal((await submit(id, gzipSync('{"a":1}'), { 'Content-Encoding': 'gzip' })).status, 201);
    assert.equal((await eventsOf(id))[0].body, '{"a":1}');
    assert.equal((await submit(id, 'plain', { 'Content-Encoding': 'gzip' })).status, 400);
    assert.equal((await submit(id, 'plain', { 'Content-Encoding': 'zstd' })).status, 415);
    assert.equal((await eventsOf(id)).length, 1);
  });

  it('take 512 KiB, and not a byte more', async () => {
    const { id } = await createWebhook();
    assert.equal((await submit(id, Buffer.alloc(512 * 1024, 0x61))).status, 201);
    assert.equal((await submit(id, Buffer.alloc(512 * 1024 + 1, 0x61))).status, 413);
    assert.equal((await submit(id, gzipSync(Buffer.alloc(600 * 1024)), { 'Content-Encoding': 'gzip' })).status, 413);
    assert.equal((await eventsOf(id)).length, 1);
  });

  it('answer the same for unknown, disabled and malformed ids', async () => {
    const { id } = await createWebhook();
    await api.database.sql`UPDATE webhooks SET enabled = false WHERE id = ${id}`;
    const answers = [];
    for (const given of [id, '01999999-0000-7000-8000-000000000000', 'x', `${id}0`, '%27--']) {
      const answer = await submit(given, '{}');
      assert.equal(answer.status, 404, given);
      answers.push({ ...answer.body, request_id: '' });
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal((await eventsOf(id)).length, 0);
  });

  it('know the sender behind trusted proxies', async () => {
    const { id } = await createWebhook();
    const answer = await submit(id, '', { 'X-Forwarded-For': '6.6.6.6, 203.0.113.7, 127.0.0.9' });
    assert.equal(answer.body.ip, '203.0.113.7');
  });

  it('list events newest first, by cursor or by time', async () => {
    const { id } = await createWebhook();
    for (let index = 0; index < 5; index++) await submit(id, String(index));
    const bodies = (events: Json[]) => events.map(({ body }) => body);
    const first = (await api.get(`/v1/webhook/${id}/events?limit=2`)).body;
    assert.deepEqual(bodies(first.events), ['4', '3']);
    const second = (await api.get(`/v1/webhook/${id}/events?limit=2&cursor=${first.next_cursor}`)).body;
    assert.deepEqual(bodies(second.events), ['2', '1']);
    const since = encodeURIComponent(first.events[1].received_at);
    const before = (await api.get(`/v1/webhook/${id}/events?limit=10&last_received_at=${since}`)).body;
    assert.deepEqual(bodies(before.events), ['2', '1', '0']);
    assert.equal(before.next_cursor, null);
    const offset = encodeURIComponent('2020-01-01T00:00:00+02:00');
    assert.deepEqual((await api.get(`/v1/webhook/${id}/events?last_received_at=${offset}`)).body.events, []);
    for (const wrong of ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T00:00:00', '1e9'])
      assert.deepEqual(
        faultyFields(await api.get(`/v1/webhook/${id}/events?last_received_at=${wrong}`)),
        ['query.last_received_at'],
        wrong,
      );
  });
});
