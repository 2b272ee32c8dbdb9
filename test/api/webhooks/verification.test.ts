import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { faultyFields, startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { testSenders } from '../../support/signed-request.ts';

describe('webhooks that verify their senders', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  const create = (verification: unknown) => api.post('/v1/webhook', { verification });
  const put = (id: string, verification: unknown) => api.send('PUT', `/v1/webhook/${id}`, { json: { verification } });
  const submit = (id: string, body: RequestInit['body'], headers: Record<string, string> = {}) =>
    api.send('POST', `/v1/incident/webhook/${id}`, { key: null, body, headers });
  const newest = async (id: string): Promise<Json> =>
    (await api.get(`/v1/webhook/${id}/events?limit=1`)).body.events[0];
  const seconds = () => Math.floor(Date.now() / 1_000);

  for (const [name, { verification, sign }] of Object.entries(testSenders))
    it(`take what is genuine and keep the rest apart: ${name}`, async () => {
      const { status, body: webhook, text } = await create(verification);
      assert.equal(status, 201);
      assert.ok(!text.includes(verification.secret));
      const body = '{"status":"down"}';
      const good = await submit(webhook.id, body, sign(body, seconds()));
      assert.equal(good.status, 201, good.text);
      assert.equal((await newest(webhook.id)).status, 'pending');

      const refused = await submit(webhook.id, body);
      assert.deepEqual([refused.status, refused.body.code], [401, 'unverified_sender']);
      assert.match(refused.body.detail, / is missing\. The request is kept and not evaluated\.$/);
      assert.ok(refused.headers.get('WWW-Authenticate'));
      const kept = await newest(webhook.id);
      assert.deepEqual([kept.id, kept.status, kept.body, kept.matches], [refused.body.event_id, 'rejected', body, []]);
      assert.match(kept.reason, / is missing$/);
      const shown = (await api.get('/v1/webhooks?limit=200')).text + (await api.get(`/v1/webhook/${webhook.id}`)).text;
      assert.ok(!shown.includes(verification.secret));
    });

  it('agree with the library of Standard Webhooks, compressed bodies included', async () => {
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
    const { id } = (await create({ type: 'standard-webhooks', secret })).body;
    const body = '{"type":"incident.triggered"}';
    const headers = {
      'webhook-id': 'msg_2',
      'webhook-timestamp': String(seconds()),
      'webhook-signature': new Webhook(secret).sign('msg_2', new Date(), body),
    };
    assert.equal((await submit(id, body, headers)).status, 201);
    assert.equal((await submit(id, gzipSync(body), { ...headers, 'Content-Encoding': 'gzip' })).status, 201);
    assert.equal((await submit(id, `${body}\n`, headers)).status, 401);
  });

  it('refuse a body that was written anew, another secret, and what is more than five minutes off', async () => {
    const { verification, sign } = testSenders['standard-webhooks']!;
    const { id } = (await create(verification)).body;
    const body = '{"status": "down"}';
    const status = async (sent: string, headers: Record<string, string>) => (await submit(id, sent, headers)).status;
    const now = seconds();
    assert.equal(await status(JSON.stringify(JSON.parse(body)), sign(body, now)), 401, 'the same in other bytes');
    assert.equal(await status(body, sign(body, now, `whsec_${Buffer.alloc(32, 9).toString('base64')}`)), 401);
    for (const [offset, expected] of [
      [-310, 401],
      [310, 401],
      [-290, 201],
      [290, 201],
    ] as const)
      assert.equal(await status(body, sign(body, now + offset)), expected, String(offset));
  });

  it('are never evaluated by what was rejected', async () => {
    const { id } = (await create(testSenders.bearer!.verification)).body;
    await submit(id, '{}');
    const rows = await api.database.sql`SELECT 1 FROM events WHERE webhook_id = ${id} AND status = 'pending'`;
    assert.equal(rows.length, 0);
  });

  it('store the secret sealed, and the rest as it is shown', async () => {
    const { verification } = testSenders.basic!;
    const { body } = await create(verification);
    assert.deepEqual(body.verification, { type: 'basic', username: 'prometheus', secret: '[redacted]' });
    const [row] = await api.database.sql`SELECT webhooks::text AS row FROM webhooks WHERE id = ${body.id}`;
    assert.ok(!row!.row.includes(verification.secret));
    assert.ok(!row!.row.includes(Buffer.from(verification.secret).toString('hex')));
  });

  it('keep the secret when it is not given, change it when it is, and stop asking for null', async () => {
    const { verification, sign } = testSenders.grafana!;
    const { id, verification: shown } = (await create(verification)).body;
    const body = '{}';
    const accepts = async (headers: Record<string, string>) => (await submit(id, body, headers)).status === 201;
    assert.equal((await put(id, shown)).status, 200);
    assert.equal(await accepts(sign(body, seconds())), true);
    const timed = (await put(id, { type: 'grafana', timestamp_header: 'X-Signed-At' })).body.verification;
    assert.deepEqual(timed, { type: 'grafana', secret: '[redacted]', timestamp_header: 'x-signed-at' });
    assert.equal(await accepts(sign(body, seconds())), false);
    assert.equal(await accepts(testSenders['grafana with a timestamp']!.sign(body, seconds())), true);
    assert.equal((await put(id, { type: 'grafana', secret: 'another secret' })).status, 200);
    assert.equal(await accepts(sign(body, seconds())), false);
    assert.equal(await accepts(sign(body, seconds(), 'another secret')), true);
    assert.deepEqual(faultyFields(await put(id, { type: 'github' })), ['verification.secret'], 'another type');
    assert.deepEqual(faultyFields(await put(id, { type: 'github', secret: '[redacted]' })), ['verification.secret']);
    assert.equal((await put(id, null)).body.verification, null);
    assert.equal(await accepts({}), true);
    assert.deepEqual(faultyFields(await put(id, { type: 'grafana' })), ['verification.secret'], 'it is gone');
  });

  it('name every faulty setting', async () => {
    const cases: [unknown, string[]][] = [
      [{ type: 'bearer' }, ['verification.secret']],
      [{ type: 'bearer', secret: '[redacted]' }, ['verification.secret']],
      [{ type: 'bearer', secret: 'short' }, ['verification.secret']],
      [{ type: 'bearer', secret: 'with a space' }, ['verification.secret']],
      [{ type: 'bearer', secret: 'x'.repeat(513) }, ['verification.secret']],
      [{ type: 'bearer', secret: 12345678 }, ['verification.secret']],
      [{ type: 'standard-webhooks', secret: 'not in base64 at all' }, ['verification.secret']],
      [{ type: 'standard-webhooks', secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, ['verification.secret']],
      [{ type: 'standard-webhooks', secret: `whsec_${Buffer.alloc(65).toString('base64')}` }, ['verification.secret']],
      [{ type: 'github', secret: 'new\nline secret' }, ['verification.secret']],
      [{ type: 'basic', secret: 'long enough' }, ['verification.username']],
      [{ type: 'basic', username: 'a:b', secret: 'long enough' }, ['verification.username']],
      [{ type: 'bearer', username: 'a', secret: 'short' }, ['verification.secret', 'verification.username']],
      [{ type: 'github', timestamp_header: 'X-At', secret: 'long enough' }, ['verification.timestamp_header']],
      [{ type: 'grafana', timestamp_header: 'x at', secret: 'long enough' }, ['verification.timestamp_header']],
      [{ type: 'grafana', timestamp_header: '', secret: 'long enough' }, ['verification.timestamp_header']],
      [{ type: 'none', secrets: [] }, ['verification.secrets', 'verification.type']],
      [{ type: '__proto__', secret: 'long enough' }, ['verification.type']],
      [{ type: 'constructor', secret: 'long enough' }, ['verification.type']],
      ['bearer', ['verification']],
      [[], ['verification']],
    ];
    for (const [verification, fields] of cases) {
      const answer = await create(verification);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, fields], JSON.stringify(verification));
      assert.ok(!answer.text.includes('long enough'));
    }
  });

  it('are not fooled by odd header names', async () => {
    for (const header of ['constructor', 'hasOwnProperty', 'host']) {
      const { id } = (await create({ type: 'grafana', secret: 'long enough', timestamp_header: header })).body;
      assert.equal((await submit(id, '{}', { 'X-Grafana-Alerting-Signature': '0'.repeat(64) })).status, 401, header);
    }
  });
});
