import assert from 'node:assert/strict';
import { type Permission, permissions } from '../../src/domain/access/permission.ts';
import { problems } from '../../src/api/errors.ts';
import type { Route } from '../../src/api/route.ts';
import { createRoutes } from '../../src/api/routes.ts';
import { type Answer, type Json, startTestApi, type TestApi } from '../support/api.ts';

/** Each operation of the document against each kind of key. Whoever adds a route gets these tests with it. */
describe('permissions of every operation', function () {
  this.timeout(120_000);
  let api: TestApi;
  let document: Json;
  let routes: Route[];
  let keyed: Route[];
  /** Permission → a key with that one alone. */
  const only = {} as Record<Permission, string>;
  /** Permission → a key with all others. */
  const allBut = {} as Record<Permission, string>;
  let deleted: string;
  let expired: string;

  before(async () => {
    const wrongKeys = { name: 'wrong-keys', quota: 1_000_000, windowSeconds: 60 };
    const apiKey = { name: 'api-key', quota: 1_000_000, windowSeconds: 60 };
    api = await startTestApi({ rateLimits: { wrongKeys, apiKey } });
    document = (await api.get('/openapi.json', { key: null })).body;
    routes = createRoutes(api.deps);
    keyed = routes.filter(({ auth }) => auth !== 'none');
    const make = async (given: readonly Permission[]) => {
      const { status, body } = await api.post('/v1/api-key', { name: given.join(), permissions: given });
      assert.equal(status, 201);
      return body;
    };
    for (const permission of permissions) {
      only[permission] = (await make([permission])).key;
      allBut[permission] = (await make(permissions.filter((other) => other !== permission))).key;
    }
    const [gone, late] = [await make(permissions), await make(permissions)];
    await api.send('DELETE', `/v1/api-key/${gone.id}`);
    await api.database.sql`UPDATE api_keys SET expires_at = now() WHERE id = ${late.id}`;
    [deleted, expired] = [gone.key, late.key];
  });
  after(() => api.close());

  const nameOf = ({ method, path }: Route) => `${method} ${path}`;
  const documented = ({ method, path }: Route) => document.paths[path][method.toLowerCase()];

  /** With ids that nobody knows and a body that nobody can read: a right key gets no further, a wrong one not so far. */
  const ask = ({ method, path }: Route, headers: Record<string, string>): Promise<Answer> => {
    const target = path.replace(/\{\w+\}/g, '01999999-0000-7000-8000-000000000000');
    const takesBody = method === 'POST' || method === 'PUT';
    const content = { 'Content-Type': 'application/json', ...headers };
    return api.send(method, target, { key: null, ...(takesBody ? { headers: content, body: '{' } : { headers }) });
  };
  const askWith = (route: Route, key: string) => ask(route, { Authorization: `Bearer ${key}` });

  const isRefused = (route: Route, answer: Answer, code: 'unauthenticated' | 'permission_denied', how: string) => {
    const { surface } = route;
    const status = surface?.statusOf(code) ?? problems[code].status;
    assert.equal(answer.status, status, `${nameOf(route)} ${how}: ${answer.text}`);
    assert.match(documented(route).responses[status].description, new RegExp(`\`${code}\``), nameOf(route));
    if (surface) surface.error.parse(answer.body);
    else assert.equal(answer.body.code, code);
  };

  it('stand in the document, each operation with its own', () => {
    const operations = Object.values<Json>(document.paths).flatMap((path) => Object.values<Json>(path));
    assert.equal(operations.length, routes.length);
    assert.ok(keyed.length >= 100);
    for (const route of routes) {
      const { security, description = '' } = documented(route);
      const { auth, permission } = route;
      if (auth === 'none') {
        assert.deepEqual([security, permission], [[], undefined], nameOf(route));
        continue;
      }
      assert.ok(permission && permissions.includes(permission), `${nameOf(route)} says which permission it needs`);
      const needed = [{ apiKey: [permission] }];
      assert.deepEqual(security, auth === 'key' ? needed : [{}, ...needed], nameOf(route));
      assert.ok(description.endsWith(`Needs the permission \`${permission}\`.`), nameOf(route));
    }
    const asked = new Set(keyed.map(({ permission }) => permission));
    // This one says which incidents there are for those who may look at all.
    assert.deepEqual(asked, new Set(permissions.filter((name) => name !== 'view_private_incidents')));
  });

  it('are those of their methods: who may only look changes nothing', () => {
    const looking = keyed.filter(({ method, permission }) => method !== 'GET' && permission === 'view_data');
    // It works out what would happen, and stores nothing.
    assert.deepEqual(looking.map(nameOf), ['POST /v1/escalation-policy/{id}/simulate']);
  });

  it('need a key that is one, valid, and the whole of it', async () => {
    const headers: Record<string, Record<string, string>> = {
      'without a key': {},
      'with an empty header': { Authorization: '' },
      'with a scheme alone': { Authorization: 'Bearer' },
      'with a key that is too long': { Authorization: `Bearer ${'x'.repeat(600)}` },
      'with another scheme': { Authorization: `Basic ${api.adminKey}` },
      'without a scheme': { Authorization: api.adminKey },
      'with two keys': { Authorization: `Bearer ${api.adminKey} ${api.adminKey}` },
      'with a key and more': { Authorization: `Bearer ${api.adminKey}x` },
      'with a part of a key': { Authorization: `Bearer ${api.adminKey.slice(0, -1)}` },
      'with an unknown key': { Authorization: 'Bearer tocsin_unknown' },
      'with a deleted key': { Authorization: `Bearer ${deleted}` },
      'with an expired key': { Authorization: `Bearer ${expired}` },
    };
    for (const route of keyed) {
      const answers = await Promise.all(
        Object.entries(headers).map(async ([how, given]) => ({ how, given, answer: await ask(route, given) })),
      );
      for (const { how, given, answer } of answers) {
        if (route.auth === 'optional' && !given.Authorization) {
          assert.notEqual(answer.status, 401, `${nameOf(route)} ${how}`);
          continue;
        }
        isRefused(route, answer, 'unauthenticated', how);
        assert.match(answer.headers.get('WWW-Authenticate') ?? '', /^Bearer realm="tocsin"/);
      }
    }
  });

  it('are asked for before anything else: all others together are not enough', async () => {
    for (const route of keyed) {
      const answer = await askWith(route, allBut[route.permission!]);
      isRefused(route, answer, 'permission_denied', `without ${route.permission}`);
      assert.match(answer.text, new RegExp(`\\b${route.permission}\\b`), 'says what is missing');
    }
  });

  it('are enough alone', async () => {
    for (const route of keyed) {
      const answer = await askWith(route, only[route.permission!]);
      assert.ok(![401, 403].includes(answer.status), `${nameOf(route)}: ${answer.status} ${answer.text}`);
      assert.ok(answer.status < 500 || answer.status === 503, `${nameOf(route)}: ${answer.text}`);
    }
  });

  it('of one kind open no operation of another', async () => {
    for (const permission of permissions) {
      const others = keyed.filter((route) => route.permission !== permission);
      const answers = await Promise.all(others.map((route) => askWith(route, only[permission])));
      answers.forEach((answer, index) => isRefused(others[index]!, answer, 'permission_denied', `with ${permission}`));
    }
  });
});
