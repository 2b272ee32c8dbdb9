import assert from 'node:assert/strict';
import type { Context } from 'koa';
import { DetailedRefusal } from '../../src/api/errors.ts';
import { createRateLimit, defaultRateLimits } from '../../src/api/middleware/rate-limit.ts';
import { startTestApi, type TestApi } from '../support/api.ts';

describe('the rate limit', () => {
  let now = 0;
  let headers: Record<string, string>;
  const context = {
    set: (name: string, value: string) => (headers[name] = value),
    get: () => '',
  } as unknown as Context;
  const ask = (limit: ReturnType<typeof createRateLimit>, caller = 'a') => {
    headers = {};
    try {
      limit(context, caller);
      return true;
    } catch (error) {
      assert.ok(error instanceof DetailedRefusal);
      headers = { ...headers, ...error.headers };
      return false;
    }
  };
  beforeEach(() => void (now = 5_000));

  it('lets a whole quota through at once, then as it fills up', () => {
    for (const [quota, windowSeconds] of [
      [10, 10],
      [7, 3],
      [1, 60],
      [1_200, 60],
      [12_000, 600],
    ] as const) {
      const limit = createRateLimit({ name: 'x', quota, windowSeconds }, () => now);
      for (let index = 0; index < quota; index++) {
        assert.ok(ask(limit), `${index} of ${quota}`);
        assert.match(headers.RateLimit!, new RegExp(`^"x";r=${quota - index - 1};t=\\d+$`));
      }
      assert.equal(headers['RateLimit-Policy'], `"x";q=${quota};w=${windowSeconds}`);
      assert.equal(ask(limit), false);
      assert.match(headers.RateLimit!, /^"x";r=0;t=[1-9]/);
      assert.ok(ask(limit, 'b'), 'another caller');
      const interval = (windowSeconds * 1_000) / quota;
      now += interval * 0.9;
      assert.equal(ask(limit), false, 'a refused request costs nothing and gains nothing');
      now += interval * 0.11;
      assert.ok(ask(limit));
      assert.equal(ask(limit), false);
      now += windowSeconds * 1_000;
      for (let index = 0; index < quota; index++) assert.ok(ask(limit));
      assert.equal(ask(limit), false, 'never more than a quota is saved up');
    }
  });

  it('says truly when to come again', () => {
    const limit = createRateLimit({ name: 'x', quota: 2, windowSeconds: 60 }, () => now);
    ask(limit);
    assert.equal(headers.RateLimit, '"x";r=1;t=30');
    ask(limit);
    assert.equal(headers.RateLimit, '"x";r=0;t=30');
    now += 10_000;
    assert.equal(ask(limit), false);
    assert.deepEqual([headers.RateLimit, headers['Retry-After']], ['"x";r=0;t=20', '20']);
    now += 19_999;
    assert.equal(ask(limit), false);
    now += 1;
    assert.ok(ask(limit));
  });

  it('remembers a bounded number of callers, the busy ones before the idle', () => {
    const limit = createRateLimit({ name: 'x', quota: 2, windowSeconds: 2 }, () => now);
    for (let index = 0; index < 19_000; index++) ask(limit, `idle ${index}`);
    now += 2_000;
    ask(limit, 'busy');
    ask(limit, 'busy');
    for (let index = 0; index < 5_000; index++) ask(limit, `new ${index}`);
    assert.equal(ask(limit, 'busy'), false);
  });

  it('leaves room by default for ten minutes of 1,200 requests, and for storms of events', () => {
    const { apiKey, webhook } = defaultRateLimits;
    assert.equal((apiKey.quota / apiKey.windowSeconds) * 60, 1_200);
    assert.ok(webhook.quota >= 500_000);
  });
});

describe('rate limits over HTTP', () => {
  let api: TestApi;
  const rateLimits = {
    apiKey: { name: 'api-key', quota: 8, windowSeconds: 600 },
    webhook: { name: 'webhook', quota: 3, windowSeconds: 600 },
  };
  before(async () => void (api = await startTestApi({ rateLimits })));
  after(() => api.close());

  it('hold for each key and each webhook by itself', async () => {
    const other = await api.createOrganisation('Other');
    const as = { key: other.key };
    const { body: webhook, headers } = await api.post('/v1/webhook', {}, as);
    assert.equal(headers.get('RateLimit-Policy'), '"api-key";q=8;w=600');
    assert.match(headers.get('RateLimit') ?? '', /^"api-key";r=7;t=\d+$/);

    const submit = (id: string, agent = 'probe') =>
      api.post(`/v1/incident/webhook/${id}`, { a: 1 }, { key: null, headers: { 'User-Agent': agent } });
    for (const left of [2, 1, 0]) {
      const taken = await submit(webhook.id);
      assert.equal(taken.status, 201);
      assert.match(taken.headers.get('RateLimit') ?? '', new RegExp(`^"webhook";r=${left};`));
    }
    const refused = await submit(webhook.id.toUpperCase());
    assert.deepEqual([refused.status, refused.body.code], [429, 'rate_limited']);
    assert.equal(refused.body.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
    assert.deepEqual(refused.body['violated-policies'], ['webhook']);
    assert.ok(Number(refused.headers.get('Retry-After')) > 100);
    assert.equal(refused.headers.get('RateLimit-Policy'), '"webhook";q=3;w=600');

    const alertmanager = await submit(webhook.id, 'Alertmanager/0.28.1');
    assert.deepEqual([alertmanager.status, alertmanager.body.code], [503, 'unavailable']);
    assert.deepEqual(alertmanager.body['violated-policies'], ['webhook']);
    assert.ok(Number(alertmanager.headers.get('Retry-After')) > 100);

    const another = (await api.post('/v1/webhook', {}, as)).body;
    assert.equal((await submit(another.id)).status, 201);
    assert.equal((await api.get(`/v1/webhook/${webhook.id}/events`, as)).body.events.length, 3);
  });

  it('count refused requests of a key too, and leave other keys and open paths alone', async () => {
    const other = await api.createOrganisation('Third');
    const as = { key: other.key };
    for (let index = 0; index < 8; index++) assert.equal((await api.get('/v1/webhooks?limit=x', as)).status, 422);
    const refused = await api.post('/v1/team', { name: 'Late' }, { ...as, headers: { 'Idempotency-Key': 'a' } });
    assert.deepEqual([refused.status, refused.body['violated-policies']], [429, ['api-key']]);
    assert.equal((await api.get('/v1/health-check', as)).status, 429);
    for (const path of ['/health', '/openapi.json'])
      for (let index = 0; index < 10; index++) assert.equal((await api.get(path, { key: null })).status, 200);
    for (let index = 0; index < 10; index++) assert.equal((await api.get('/v1/teams', { key: 'wrong' })).status, 401);
    assert.equal((await api.get('/v1/organisation')).status, 200);
  });

  it('are told in no answer without one', async () => {
    assert.equal((await api.get('/health', { key: null })).headers.get('RateLimit-Policy'), null);
    for (let index = 0; index < 5; index++)
      assert.equal((await api.post(`/v1/incident/webhook/${'x'.repeat(500)}`, {}, { key: null })).status, 404);
  });
});
