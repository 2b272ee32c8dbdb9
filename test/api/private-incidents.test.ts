import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { permissions } from '../../src/domain/access/permission.ts';
import type { Route } from '../../src/api/route.ts';
import { createRoutes } from '../../src/api/routes.ts';
import type { TestApi } from '../support/api.ts';
import { createPrivateScene, type PrivateScene, secretWord } from '../support/private-scene.ts';
import { restrictedKey } from '../support/restricted-key.ts';
import { startWorkingApi } from '../support/working-api.ts';

/** Where whoever may see private incidents finds them; there may be more. */
const showing = [
  '/v1/incident/{id}',
  '/v1/incident/{id}/log',
  '/v1/incident/{id}/actions',
  '/v1/organisation/incidents',
  '/v1/team/{id}/incidents',
  '/v1/delivery/{id}',
  '/v1/subscription/{id}/deliveries',
  '/v1/event/{id}',
  '/v1/webhook/{id}/events',
  '/v1/status-page/{id}/components',
  '/v1/status-page/{id}/component/{component_id}',
  '/v2/incidents',
  '/v2/incidents/{id}',
  '/v2/actions',
  '/v2/actions/{id}',
  '/v1/incidents',
  '/v1/incidents/{id}',
  '/v2/incident_updates',
  '/v1/export/incidents',
  '/v1/export/actions',
];

describe('private incidents', function () {
  this.timeout(180_000);
  let api: TestApi;
  let scene: PrivateScene;
  let routes: Route[];
  /** Besides the scene's: a few that each list shows, where something has them. */
  const listed = new Map<Route, string[]>();
  /** May do everything but see them. */
  let blind: string;

  before(async () => {
    api = await startWorkingApi({ rateLimits: { apiKey: { name: 'api-key', quota: 1_000_000, windowSeconds: 600 } } });
    scene = await createPrivateScene(api);
    routes = createRoutes(api.deps);
    for (const [route, ids] of await discover()) listed.set(route, ids);
    blind = await keyWith(permissions.filter((permission) => permission !== 'view_private_incidents'));
  });
  after(() => api.close());

  const keyWith = (allowed: readonly (typeof permissions)[number][], memberId: string | null = null) =>
    restrictedKey(api.database.sql, scene.ids['organisation']!, [...allowed], { memberId });

  it('are not in any answer to whoever may not see them, and are there for whoever may', async () => {
    const shown = new Set<string>();
    for (const [path, url] of walk()) if (scene.gives((await api.get(url)).text)) shown.add(path);
    for (const path of showing) assert.ok(shown.has(path), `${path} shows nothing: the walk would not notice`);
    for (const [path, url] of walk()) {
      const { status, text } = await api.get(url, { key: blind });
      assert.ok(!scene.gives(withoutEcho(text, url)), `${path}: ${status} ${text}`);
      assert.ok(status < 500, `${path}: ${text}`);
    }
  });

  it('answer everything like an incident that does not exist', async () => {
    const { secret, ids } = scene;
    for (const route of routes) {
      if (!/^\/v\d\/incidents?\/\{id\}/.test(route.path)) continue;
      const json = route.body && exampleOf(route);
      const ask = async (id: string) => {
        const url = pathOf(route, id);
        const { status, text } = await api.send(route.method, url, { key: blind, json });
        return [status, withoutEcho(text, url).replace(/"request_id":"[^"]*"/, '')];
      };
      const answer = await ask(secret.id);
      assert.deepEqual(answer, await ask(ids['unknown']!), `${route.method} ${route.path}`);
      assert.ok(answer[0] === 404 || answer[0] === 422, `${route.method} ${route.path}: ${answer.join(' ')}`);
    }
  });

  it('are named by nothing that is done without seeing them', async () => {
    const { secret, elsewhere, target, ids, deliveries, eventId } = scene;
    await api.database.sql`UPDATE deliveries SET status = 'failed', settled_at = now() WHERE id = ANY(${deliveries})`;
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const attempts: [method: string, path: string, json: unknown, status: number][] = [
      ['POST', '/v1/incident/bulk', { incident_ids: [secret.id], action: 'resolve' }, 200],
      ['POST', `/v1/incident/${target.id}/merge`, { incident_ids: [elsewhere.id] }, 422],
      ['POST', `/v1/subscription/${ids['subscription']}/recover`, { since }, 200],
      ['POST', `/v1/webhook/${ids['webhook']}/events/${eventId}/replay`, undefined, 202],
      ['POST', '/v1/ruleset/dry-run', { conditions: [] }, 422],
      ['DELETE', `/v1/team/${ids['team']}`, undefined, 409],
      ['DELETE', `/v1/team/${ids['team']}/member/${ids['member_id']}`, undefined, 409],
      ['POST', '/v2/actions', { incident_id: secret.id, description: 'A' }, 422],
      ['POST', '/v1/incident_memberships', { incident_id: secret.id, user_id: ids['member_id'] }, 422],
      ...deliveries.map((id): [string, string, unknown, number] => [
        'POST',
        `/v1/delivery/${id}/resend`,
        undefined,
        404,
      ]),
    ];
    for (const [method, path, json, status] of attempts) {
      const answer = await api.send(method, path, { key: blind, json });
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      assert.ok(!scene.gives(answer.text.replaceAll(secret.id, '')), `${method} ${path}: ${answer.text}`);
    }
    const left = await api.database.sql`SELECT 1 FROM deliveries WHERE id = ANY(${deliveries}) AND status <> 'failed'`;
    assert.equal(left.length, 0, 'nothing of them is sent again');
    const seen = await api.post(`/v1/subscription/${ids['subscription']}/recover`, { since });
    assert.ok(seen.body.retried > 0, seen.text);
  });

  it('do not count for whoever may not see them', async () => {
    const counts = async (key: string) => {
      const { incidents } = (await api.get('/v1/health-check', { key })).body;
      const statistics = await api.get(`/v1/subscription/${scene.ids['subscription']}/statistics`, { key });
      const { pending, failed } = statistics.body.deliveries;
      return { incidents: incidents.active + incidents.resolved, deliveries: pending + failed };
    };
    const [all, few] = [await counts(api.adminKey), await counts(blind)];
    const [listed] = await api.database.sql<{ count: number }[]>`
      SELECT count(*) FROM deliveries
      WHERE id = ANY(${scene.deliveries}) AND subscription_id = ${scene.ids['subscription']!}`;
    assert.deepEqual(few, { incidents: all.incidents - 2, deliveries: all.deliveries - listed!.count });
  });

  it('are for subscriptions that a key makes which may see them', async () => {
    const url = 'http://127.0.0.1:8099/';
    const wanted = { name: 'S', url, dialect: 'standard', include_private: true };
    const denied = async (method: string, path: string, json: unknown) => {
      const { status, body } = await api.send(method, path, { key: blind, json });
      assert.deepEqual([status, body.code], [403, 'permission_denied'], `${method} ${path}`);
    };
    await denied('POST', '/v1/subscription', wanted);
    const own = (await api.post('/v1/subscription', { ...wanted, include_private: false }, { key: blind })).body;
    await denied('PUT', `/v1/subscription/${own.id}`, { include_private: true });
    const other = `/v1/subscription/${scene.ids['subscription']}`;
    await denied('PUT', other, { url: 'http://127.0.0.1:8097/' });
    await denied('POST', `${other}/rotate-secret`, {});
    assert.equal((await api.get(other)).body.url, url);
    const ended = await api.send('PUT', `/v1/subscription/${own.id}`, { key: blind, json: { include_private: false } });
    assert.equal(ended.status, 200, ended.text);
  });

  it('are shown to members, as long as they are members', async () => {
    const { secret, elsewhere, ids } = scene;
    const key = await keyWith(['view_data', 'edit_incidents'], ids['member_id']!);
    const shown = new Set<string>();
    for (const [path, url] of walk()) if (scene.gives((await api.get(url, { key })).text)) shown.add(path);
    for (const path of showing) assert.ok(shown.has(path), `${path} shows a member nothing`);
    assert.equal((await api.post(`/v1/incident/${secret.id}/note`, { content: secretWord }, { key })).status, 200);

    for (const { id } of [secret, elsewhere]) {
      const revoked = await api.send('DELETE', `/v1/incident/${id}/membership/${ids['member_id']}`);
      assert.equal(revoked.status, 204, revoked.text);
    }
    for (const [path, url] of walk()) {
      const { status, text } = await api.get(url, { key });
      assert.ok(!scene.gives(withoutEcho(text, url)), `${path}: ${status} ${text}`);
    }
    assert.equal((await api.post(`/v1/incident/${secret.id}/note`, { content: 'A' }, { key })).status, 404);
  });

  it('are shown to a member whose key opens one', async () => {
    const { ids } = scene;
    const key = await keyWith(['view_data', 'create_incidents'], ids['member_id']!);
    const draft = { name: 'Mine', description: '', urgency: 'low', visibility: 'private' };
    const opened = await api.post(`/v1/team/${ids['team']}/incident`, draft, { key });
    assert.deepEqual([opened.status, opened.body.name], [201, 'Mine'], opened.text);
    assert.equal((await api.get(`/v1/incident/${opened.body.id}`, { key })).status, 200);
    assert.equal((await api.get(`/v1/incident/${opened.body.id}`, { key: blind })).status, 404);
  });

  it('keep their texts from Temporal', async () => {
    const connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS'] });
    const client = new Client({ connection });
    for (const { id, reference } of [scene.secret, scene.elsewhere]) {
      const handle = client.workflow.getHandle(`incident-${id}`);
      const { raw, searchAttributes, staticSummary, memo } = await handle.describe().then(async (description) => ({
        ...description,
        staticSummary: await description.staticSummary(),
      }));
      const open = raw.workflowExecutionInfo?.status === 1;
      const told = [
        searchAttributes,
        staticSummary,
        memo,
        open ? await handle.query('__temporal_workflow_metadata') : '',
      ];
      assert.ok(!JSON.stringify(told).includes(secretWord), JSON.stringify(told));
      assert.equal(staticSummary, reference);
      const history = readable(await handle.fetchHistory());
      assert.ok(history.includes(id) && !history.includes(secretWord), `${reference} tells its texts`);
    }
    await connection.close();
  });

  /** Every GET there is with every id there is, as a path and as the URLs that ask for it. */
  function walk(): [path: string, url: string][] {
    return routes
      .filter(({ method }) => method === 'GET')
      .flatMap((route) => {
        const queries = queriesOf(route);
        return candidatesOf(route).flatMap((id) =>
          queries.map((query): [string, string] => [route.path, pathOf(route, id) + query]),
        );
      });
  }

  function candidatesOf(route: Route): string[] {
    if (!/\{(id|page)\}/.test(route.path)) return [''];
    if (route.path.includes('/delivery/')) return scene.deliveries;
    return [...Object.values(scene.ids), ...(listed.get(route) ?? [])];
  }

  /** Ids that lists show, by the routes that know them. */
  async function discover(): Promise<Map<Route, string[]>> {
    const gets = routes.filter(({ method }) => method === 'GET');
    const lists = gets.filter(({ path }) => !path.includes('{') && path !== '/openapi.json');
    const found = new Set<string>();
    for (const { path } of lists) {
      const { text } = await api.get(path);
      for (const [, id] of [...text.matchAll(/"id":"([^"]+)"/g)].slice(0, 2)) found.add(id!);
    }
    const known = new Map<Route, string[]>();
    for (const route of gets.filter(({ path }) => path.includes('{id}'))) {
      const ids: string[] = [];
      for (const id of found) if (ids.length < 2 && (await api.get(pathOf(route, id))).status === 200) ids.push(id);
      known.set(route, ids);
    }
    return known;
  }

  function pathOf({ path }: Route, id: string): string {
    return path.replace(/\{(\w+)\}/g, (_, name: string) =>
      name === 'id' || name === 'page' ? id : name === 'type' ? 'resolve' : (scene.ids[name] ?? scene.ids['unknown']!),
    );
  }

  function queriesOf({ query }: Route): string[] {
    const known = query?.shape ?? {};
    const { secret, elsewhere } = scene;
    return [
      '',
      ...('text' in known ? [`?text=${secretWord}`] : []),
      ...('visibility' in known ? ['?visibility=private'] : []),
      ...('incident_id' in known ? [secret, elsewhere].map(({ id }) => `?incident_id=${id}`) : []),
    ];
  }
});

/** Where it has none, nothing has to be given. */
function exampleOf({ body }: Route): unknown {
  const [example = {}] = (body!.meta()?.['examples'] as unknown[] | undefined) ?? [];
  return example;
}

/** An answer may repeat what was asked. */
function withoutEcho(text: string, url: string): string {
  return url.split(/[/?=&]/).reduce((left, part) => (part.length > 10 ? left.replaceAll(part, '') : left), text);
}

/** With the bytes of payloads as text. */
function readable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return Buffer.from(part).toString('utf8');
    const { type, data } = (part ?? {}) as { type?: string; data?: number[] };
    return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('utf8') : part;
  });
}
