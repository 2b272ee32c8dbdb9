import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { createDeliverWebhooks } from '../../src/activities/deliver-webhooks.ts';
import { createLogger } from '../../src/logger.ts';
import { dialects } from '../../src/outbound/index.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createDeliveryStore } from '../../src/stores/deliveries.ts';
import { createEar, shardCount, type Ear } from '../../src/stores/doorbell.ts';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';
import type { TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';

describe('deliveries over HTTP', function () {
  this.timeout(90_000);
  let api: TestApi;
  let organisation: TestOrganisation;
  let ear: Ear;
  let receiver: Receiver;
  let pumping: Promise<void[]>;
  const stopping = new AbortController();
  const foreign = '01999999-0000-7000-8000-000000000000';

  before(async () => {
    api = await startTestApi();
    const { id: organisationId, default_team_id: teamId } = (await api.get('/v1/organisation')).body;
    organisation = { organisationId, teamId, webhookId: '', apiKeyId: '' };
    ear = await createEar(api.database.sql);
    const pump = createDeliverWebhooks({
      deliveries: createDeliveryStore(api.database.sql, api.deps.sealer),
      post: createPost({ allowedNetworks: ['127.0.0.0/8'] }),
      ear,
      publicUrl: api.deps.publicUrl,
      logger: createLogger('silent', 'test'),
    });
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    pumping = Promise.all(shards.map((shard) => pump(shard, stopping.signal, () => {})));
  });
  after(async () => {
    stopping.abort();
    await pumping;
    await ear.close();
    await api.close();
  });
  beforeEach(async () => void (receiver = await createReceiver()));
  afterEach(() => receiver.close());

  const subscribe = async (dialect = 'standard', more: Json = {}) => {
    const made = await api.post('/v1/subscription', { name: 'Bot', url: receiver.url, dialect, ...more });
    assert.equal(made.status, 201, made.text);
    return made.body as { id: string; secret: string };
  };
  const open = () => recordIncident(api.database.sql, organisation);
  const apply = (incident: RecordedIncident, ...contents: string[]) =>
    contents.reduce<Promise<unknown>>(
      (before, content) => before.then(() => incident.apply({ type: 'annotate', content })),
      Promise.resolve(),
    );
  const list = async (id: string, query = ''): Promise<Json[]> => {
    const answer = await api.get(`/v1/subscription/${id}/deliveries?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.deliveries;
  };
  const untilSettled = (id: string, count: number): Promise<Json[]> =>
    poll(
      async () => {
        const found = await list(id);
        return found.length === count && found.every(({ status }) => status !== 'pending') && found;
      },
      { what: `${count} deliveries are settled` },
    );
  const command = (path: string, json: Json = {}, headers: Record<string, string> = {}) =>
    api.post(path, json, { headers });

  it('show every attempt and what was sent, but no secret and no value of a header', async () => {
    receiver.behave(({ body }) =>
      JSON.parse(body).type === 'incident.triggered' ? { status: 400, body: 'what?' } : {},
    );
    const headers = [{ name: 'X-Token', value: 'a-value-nobody-sees' }];
    const subscription = await subscribe('standard', { custom_headers: headers, events: ['incident.triggered'] });
    await open();
    const [shown] = await poll(
      async () => {
        const found = await list(subscription.id);
        return found[0]?.attempts[0]?.outcome && found;
      },
      { what: 'the attempt is stored' },
    );
    assert.equal(shown.status, 'pending');
    const [attempt] = shown.attempts;
    assert.deepEqual(
      { ...attempt, started_at: '', duration_ms: 0 },
      {
        ...{ number: 1, started_at: '', duration_ms: 0, outcome: 'http_error', status_code: 400 },
        ...{ error: attempt.error, response: 'what?', is_manual: false },
      },
    );
    const one = await api.get(`/v1/delivery/${shown.id}`);
    const { payload, ...rest } = one.body;
    assert.deepEqual(rest, shown);
    assert.deepEqual(payload, JSON.parse(receiver.requests[0]!.body));
    assert.equal(receiver.requests[0]!.headers['x-token'], 'a-value-nobody-sees');
    for (const hidden of [subscription.secret, 'a-value-nobody-sees']) assert.ok(!one.text.includes(hidden));
  });

  it('are found by status, event, incident and time, page by page', async () => {
    const { id } = await subscribe('standard', { events: ['incident.triggered', 'incident.annotated'] });
    const incident = await open();
    await apply(incident, 'a', 'b');
    await open();
    const all = await untilSettled(id, 4);
    assert.equal((await list(id, 'status=delivered')).length, 4);
    assert.deepEqual(await list(id, 'status=failed,pending'), []);
    assert.equal((await list(id, 'event=incident.annotated')).length, 2);
    assert.equal((await list(id, `incident_id=${incident.id}`)).length, 3);
    assert.equal((await list(id, `since=${all[1].created_at}`)).length, 2);
    assert.equal((await list(id, `until=${all[1].created_at}`)).length, 2);
    const first = await api.get(`/v1/subscription/${id}/deliveries?event=incident.annotated&limit=1`);
    const cursor = first.body.next_cursor;
    const next = await api.get(`/v1/subscription/${id}/deliveries?event=incident.annotated&limit=1&cursor=${cursor}`);
    assert.deepEqual([next.body.deliveries.length, next.body.next_cursor], [1, null]);
    const other = await api.get(`/v1/subscription/${id}/deliveries?limit=1&cursor=${cursor}`);
    assert.deepEqual([other.status, other.body.code], [400, 'malformed_cursor']);
    const wrong = await api.get(`/v1/subscription/${id}/deliveries?status=lost&incident_id=7&since=then`);
    assert.deepEqual(faultyFields(wrong), ['query.incident_id', 'query.since', 'query.status[0]']);
  });

  it('are sent again by hand under the same id, once for an Idempotency-Key', async () => {
    const { id, secret } = await subscribe('standard', { events: ['incident.triggered'] });
    await open();
    const [delivered] = await untilSettled(id, 1);
    const key = { 'Idempotency-Key': 'again' };
    const again = await command(`/v1/delivery/${delivered.id}/resend`, undefined, key);
    assert.deepEqual([again.status, again.body.status, again.body.id], [202, 'pending', delivered.id], again.text);
    const [settled] = await poll(
      async () => {
        const found = await list(id);
        return found[0]!.attempts.length === 2 && found[0]!.status === 'delivered' && found;
      },
      { what: 'it is sent again' },
    );
    assert.deepEqual(
      settled.attempts.map((made: Json) => made.is_manual),
      [false, true],
    );
    const repeat = await command(`/v1/delivery/${delivered.id}/resend`, undefined, key);
    assert.deepEqual([repeat.status, repeat.text], [202, again.text]);
    const requests = await receiver.waitFor((seen) => seen.length === 2);
    for (const { body, headers } of requests) {
      assert.equal(headers['webhook-id'], delivered.id);
      new Webhook(secret).verify(body, headers as Record<string, string>);
    }
    assert.equal((await list(id))[0]!.attempts.length, 2);
  });

  it('survive an endpoint that was gone: disabled, refused meanwhile, enabled, and all of it told in order', async () => {
    receiver.behave({ status: 410 });
    const { id, secret } = await subscribe('standard', { events: ['incident.triggered', 'incident.annotated'] });
    const since = new Date(Date.now() - 60_000).toISOString();
    const incident = await open();
    const [failed] = await untilSettled(id, 1);
    assert.equal(failed.status, 'failed');
    const gone = (await api.get(`/v1/subscription/${id}`)).body;
    assert.deepEqual([gone.enabled, gone.disabled_reason], [false, 'gone']);

    for (const [path, body] of [
      [`/v1/delivery/${failed.id}/resend`, {}],
      [`/v1/subscription/${id}/recover`, { since }],
      [`/v1/subscription/${id}/ping`, {}],
      [`/v1/subscription/${id}/example`, { event: 'incident.triggered' }],
    ] as const) {
      const refused = await command(path, body);
      assert.deepEqual([refused.status, refused.body.code], [409, 'subscription_disabled'], path);
    }
    await apply(incident, 'first', 'second');
    assert.equal((await list(id)).length, 1, 'nothing is stored for it meanwhile');

    receiver.requests.length = 0;
    receiver.behave({});
    assert.equal((await command(`/v1/subscription/${id}/enable`)).status, 200);
    const recovered = await command(`/v1/subscription/${id}/recover`, { since });
    assert.deepEqual([recovered.status, recovered.body], [200, { retried: 1, added: 2, more: false }], recovered.text);
    await untilSettled(id, 3);
    const told = receiver.requests.map(({ body, headers }) => {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      const { type, data } = JSON.parse(body);
      return [type, data.transition?.details?.content ?? data.note?.content ?? null];
    });
    assert.deepEqual(
      told.map(([type]) => type),
      ['incident.triggered', 'incident.annotated', 'incident.annotated'],
    );
    assert.ok(receiver.requests[1]!.body.includes('first') && receiver.requests[2]!.body.includes('second'));
    assert.equal(receiver.requests[0]!.headers['webhook-id'], failed.id);
    const twice = await command(`/v1/subscription/${id}/recover`, { since });
    assert.deepEqual(twice.body, { retried: 0, added: 0, more: false });
    assert.equal((await list(id)).length, 3);
  });

  it('wait to be settled before they are sent again', async () => {
    receiver.behave({ status: 503 });
    const { id } = await subscribe('standard', { events: ['incident.triggered'] });
    await open();
    const [waiting] = await poll(async () => (await list(id)).length === 1 && list(id), {
      what: 'there is a delivery',
    });
    const refused = await command(`/v1/delivery/${waiting.id}/resend`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'delivery_pending']);
  });

  it('are recovered in a range that makes sense', async () => {
    const { id } = await subscribe();
    const path = `/v1/subscription/${id}/recover`;
    const faults = async (body: Json) => {
      const answer = await command(path, body);
      return [answer.status, ...faultyFields(answer)];
    };
    assert.deepEqual(await faults({}), [422, 'since']);
    assert.deepEqual(await faults({ since: 'yesterday', until: 7 }), [422, 'since', 'until']);
    assert.deepEqual(await faults({ since: '2026-03-02T00:00:00Z', until: '2026-03-02T00:00:00Z' }), [422, 'until']);
    assert.deepEqual(await faults({ since: '2026-03-02T00:00:00Z' }), [422, 'until'], 'further back than 31 days');
    assert.deepEqual(await faults({ since: '2026-03-02T00:00:00+02:00', until: '2026-03-30T00:00:00Z' }), [200]);
  });

  it('can be tried out: a ping, and an example of every event that a dialect has', async () => {
    for (const dialect of Object.values(dialects)) {
      const [event] = Object.keys(dialect.events);
      const { id } = await subscribe(dialect.name, { events: [event] });
      const ping = await command(`/v1/subscription/${id}/ping`, undefined);
      assert.deepEqual([ping.status, ping.body.event, ping.body.status], [202, dialect.ping, 'pending'], ping.text);
      const names = Object.keys(dialect.events);
      for (const name of names) {
        const example = await command(`/v1/subscription/${id}/example`, { event: name });
        assert.deepEqual([example.status, example.body.event], [202, name], example.text);
        assert.ok(example.body.payload !== null, name);
      }
      const settled = await untilSettled(id, names.length + 1);
      assert.ok(settled.every(({ status, incident_id: incidentId }) => status === 'delivered' && incidentId === null));
      const unknown = await command(`/v1/subscription/${id}/example`, { event: 'incident.exploded' });
      assert.deepEqual([unknown.status, faultyFields(unknown)], [422, ['event']]);
    }
  });

  it('are counted', async () => {
    receiver.behave(({ body }) => ({ status: JSON.parse(body).type === 'incident.triggered' ? 500 : 200 }));
    const { id } = await subscribe('standard', { events: ['incident.triggered'] });
    const path = `/v1/subscription/${id}/statistics`;
    assert.deepEqual((await api.get(path)).body.duration_ms, { p50: null, p95: null });
    await command(`/v1/subscription/${id}/ping`);
    await untilSettled(id, 1);
    await open();
    const counted = await poll(
      async () => {
        const { body } = await api.get(path);
        return body.failures.http_error > 0 && body;
      },
      { what: 'the failure is counted' },
    );
    const { since, duration_ms: duration, oldest_pending_at: oldest, failing_since: failing, ...rest } = counted;
    assert.ok(Date.now() - Date.parse(since) >= 24 * 3_600_000);
    assert.ok(duration.p50 >= 0 && duration.p95 >= duration.p50 && oldest !== null && failing !== null);
    assert.deepEqual([rest.successes, rest.deliveries.delivered, rest.deliveries.pending], [1, 1, 1]);
    for (const since of ['2020-01-01T00:00:00Z', new Date(Date.now() + 60_000).toISOString(), 'now'])
      assert.deepEqual(faultyFields(await api.get(`${path}?since=${since}`)), ['query.since']);
  });

  it('answer ids of others, and of what was deleted, like unknown ones', async () => {
    const { id } = await subscribe('standard', { events: ['incident.triggered'] });
    await open();
    const [delivery] = await untilSettled(id, 1);
    const other = await api.createOrganisation('Other');
    const requests: [string, string, Json?][] = [
      ['GET', '/v1/subscription/ID/deliveries'],
      ['GET', '/v1/subscription/ID/statistics'],
      ['POST', '/v1/subscription/ID/recover', { since: new Date().toISOString() }],
      ['POST', '/v1/subscription/ID/ping'],
      ['POST', '/v1/subscription/ID/example', { event: 'incident.triggered' }],
      ['GET', '/v1/delivery/ID'],
      ['POST', '/v1/delivery/ID/resend'],
    ];
    const all = async (subscriptionId: string, deliveryId: string, key?: string) => {
      for (const [method, path, json] of requests) {
        const target = path.replace('ID', path.includes('delivery') ? deliveryId : subscriptionId);
        const answer = await api.send(method, target, { json, ...(key ? { key } : {}) });
        assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'], `${method} ${path}`);
      }
    };
    await all(foreign, foreign);
    await all(id, delivery.id, other.key);
    assert.equal((await api.send('DELETE', `/v1/subscription/${id}`)).status, 200);
    await all(id, delivery.id);
  });
});
