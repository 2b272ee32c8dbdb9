import assert from 'node:assert/strict';
import { mostComponents } from '../../src/stores/status-page-components.ts';
import { mostStatusPages } from '../../src/stores/status-pages.ts';
import { faultyFields, startTestApi, type Json, type SendOptions, type TestApi } from '../support/api.ts';
import { storeOpenIncident } from '../support/open-incident.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('status pages', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  const createPage = async (name = 'Acme', as: SendOptions = {}): Promise<Json> => {
    const { status, body } = await api.post('/v1/status-page', { name }, as);
    assert.equal(status, 201);
    return body;
  };
  const createComponent = async (pageId: string, name = 'Checkout'): Promise<Json> => {
    const { status, body } = await api.post(`/v1/status-page/${pageId}/component`, { name });
    assert.equal(status, 201);
    return body;
  };
  const put = (path: string, json: unknown, as: SendOptions = {}) => api.send('PUT', path, { ...as, json });
  const remove = (path: string, as: SendOptions = {}) => api.send('DELETE', path, as);
  const shown = (pageId: string) => api.get(`/status/${pageId}.json`, { key: null });
  const organisationId = async (): Promise<string> => (await api.get('/v1/organisation')).body.id;
  const affect = async (component: Json, urgency: 'low' | 'medium' | 'high') => {
    const incidentId = await storeOpenIncident(api, await api.defaultTeamId(), { name: 'Secret name', urgency });
    const target = { statusPageId: component.status_page_id, componentId: component.id, incidentId };
    assert.equal(await api.deps.stores.statusPages.affect(await organisationId(), target), 'affected');
    return incidentId;
  };
  const createRuleset = async (): Promise<Json> => {
    const rule = { rule_type: 'webhook', conditions: [], level: 'team', urgency: 'low', description: '' };
    return (await api.post('/v1/ruleset', { ...rule, name: 'Names it', team_id: await api.defaultTeamId() })).body;
  };
  const nameIn = (rulesetId: string, component: Json) => {
    const settings = { status_page_id: component.status_page_id, component_id: component.id };
    return put(`/v1/ruleset/${rulesetId}/actions`, { actions: [{ type: 'trigger-statuspage-update', settings }] });
  };

  it('are made, shown, renamed and deleted', async () => {
    const made = await createPage('Acme');
    assert.equal(made.url, `http://tocsin.test/status/${made.id}.json`);
    assert.deepEqual(Object.keys(made).sort(), ['created_at', 'id', 'name', 'url']);
    const path = `/v1/status-page/${made.id}`;
    assert.deepEqual((await api.get(path)).body, made);
    for (let time = 0; time < 2; time++)
      assert.deepEqual((await put(path, { name: 'Renamed' })).body, { ...made, name: 'Renamed' });
    assert.deepEqual((await put(path, {})).body, { ...made, name: 'Renamed' });
    assert.deepEqual((await api.get(path)).body, { ...made, name: 'Renamed' });

    const component = await createComponent(made.id);
    const { status, body } = await remove(path);
    assert.deepEqual([status, body], [200, { message: 'The status page was deleted.' }]);
    for (const answer of [
      await api.get(path),
      await put(path, { name: 'X' }),
      await remove(path),
      await api.get(`${path}/components`),
      await api.post(`${path}/component`, { name: 'X' }),
      await api.get(`${path}/component/${component.id}`),
      await put(`${path}/component/${component.id}`, { name: 'X' }),
      await remove(`${path}/component/${component.id}`),
      await shown(made.id),
    ])
      assert.equal(answer.status, 404);
    const listed = (await api.get('/v1/status-pages?limit=200')).body.status_pages;
    assert.ok(!listed.some(({ id }: Json) => id === made.id));
  });

  it('have components that are made, shown, renamed and deleted', async () => {
    const page = await createPage();
    const made = await createComponent(page.id, 'Search');
    assert.deepEqual(made, {
      id: made.id,
      status_page_id: page.id,
      name: 'Search',
      status: 'operational',
      incident_ids: [],
      created_at: made.created_at,
    });
    const path = `/v1/status-page/${page.id}/component/${made.id}`;
    assert.deepEqual((await api.get(path)).body, made);
    const incidentId = await affect(made, 'medium');
    const affected = { ...made, name: 'Find', status: 'partial_outage', incident_ids: [incidentId] };
    assert.deepEqual((await put(path, { name: 'Find' })).body, affected);
    const upper = `/v1/status-page/${page.id.toUpperCase()}/component/${made.id.toUpperCase()}`;
    assert.deepEqual((await put(upper, {})).body, affected);
    assert.deepEqual((await api.get(`/v1/status-page/${page.id}/components`)).body, {
      components: [affected],
      next_cursor: null,
    });
    assert.deepEqual((await remove(path)).body, { message: 'The component was deleted.' });
    assert.equal((await remove(path)).status, 404);
    assert.deepEqual((await shown(page.id)).body.components, []);
  });

  it('find a component under its own page alone', async () => {
    const [page, second] = [await createPage(), await createPage()];
    const component = await createComponent(page.id);
    for (const path of [
      `/v1/status-page/${second.id}/component/${component.id}`,
      `/v1/status-page/${page.id}/component/${unknown}`,
      `/v1/status-page/${page.id}/component/${page.id}`,
      `/v1/status-page/${page.id}/component/x`,
      `/v1/status-page/${component.id}/component/${component.id}`,
    ])
      for (const answer of [await api.get(path), await put(path, { name: 'X' }), await remove(path)])
        assert.equal(answer.status, 404, path);
    assert.equal((await api.get(`/v1/status-page/${page.id}/component/${component.id}`)).body.name, 'Checkout');
  });

  it('refuse names that cannot be, and store nothing of them', async () => {
    const page = await createPage();
    const component = await createComponent(page.id);
    const pagePath = `/v1/status-page/${page.id}`;
    const componentPath = `${pagePath}/component/${component.id}`;
    const many = (await api.get('/v1/status-pages?limit=200')).body.status_pages.length;
    for (const name of ['', '  \n', 'x'.repeat(256), 'a\0b', '\ud800', 7, null, [], {}, true])
      for (const answer of [
        await api.post('/v1/status-page', { name }),
        await api.post(`${pagePath}/component`, { name }),
        await put(pagePath, { name }),
        await put(componentPath, { name }),
      ])
        assert.deepEqual([answer.status, faultyFields(answer)], [422, ['name']], JSON.stringify(name));
    const extra = { id: unknown, status: 'operational', organisation_id: unknown, constructor: 1 };
    const known = Object.keys(extra).sort();
    assert.deepEqual(faultyFields(await api.post('/v1/status-page', extra)), [...known, 'name'].sort());
    assert.deepEqual(faultyFields(await api.post(`${pagePath}/component`, extra)), [...known, 'name'].sort());
    assert.deepEqual(faultyFields(await put(pagePath, extra)), known);
    assert.deepEqual(faultyFields(await put(componentPath, extra)), known);
    for (const body of [null, [], 'x', 7]) assert.equal((await put(pagePath, body)).status, 422);
    assert.equal((await api.get('/v1/status-pages?limit=200')).body.status_pages.length, many);
    assert.deepEqual((await api.get(pagePath)).body, page);
    assert.deepEqual((await api.get(`${pagePath}/components`)).body.components, [component]);
  });

  it('keep hostile names as they are', async () => {
    for (const name of [
      "'; DROP TABLE status_pages; --",
      '<script>alert(1)</script>',
      '{{payload.secret}} ${x} %s',
      `\u202eגש ${'🔥'.repeat(100)}`,
      '__proto__',
      ' padded ',
      'é'.repeat(255),
    ]) {
      const page = await createPage(name);
      await createComponent(page.id, name);
      const { body, headers } = await shown(page.id);
      assert.deepEqual([body.page.name, body.components[0].name], [name, name]);
      assert.match(headers.get('Content-Type') ?? '', /^application\/json/);
      assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
    }
  });

  it('come in pages, components too', async () => {
    const other = await api.createOrganisation('Lists');
    const as = { key: other.key };
    const names = Array.from({ length: 7 }, (_, index) => `P${index}`);
    const pages: Json[] = [];
    for (const name of names) pages.push(await createPage(name, as));
    for (const name of names) await api.post(`/v1/status-page/${pages[0].id}/component`, { name }, as);
    for (const [path, member] of [
      ['/v1/status-pages', 'status_pages'],
      [`/v1/status-page/${pages[0].id}/components`, 'components'],
    ] as const) {
      const read: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: Json = await api.get(`${path}?limit=3${cursor && `&cursor=${cursor}`}`, as);
        read.push(...body[member].map(({ name }: Json) => name));
        cursor = body.next_cursor;
      }
      assert.deepEqual(read, names);
    }
    const { next_cursor: cursor } = (await api.get(`/v1/status-page/${pages[0].id}/components?limit=1`, as)).body;
    const elsewhere = await api.get(`/v1/status-page/${pages[1].id}/components?cursor=${cursor}`, as);
    assert.equal(elsewhere.body.code, 'malformed_cursor', "another page's cursor");
    for (const path of ['/v1/status-pages', `/v1/status-page/${pages[0].id}/components`])
      assert.deepEqual(faultyFields(await api.get(`${path}?limit=201&x=1`, as)), ['query.limit', 'query.x']);
  });

  it('are no more than may be, however many are made at once', async () => {
    const other = await api.createOrganisation('Limits');
    const as = { key: other.key };
    const page = await createPage('First', as);
    const { sql } = api.database;
    await sql`
      INSERT INTO status_pages (id, organisation_id, name)
      SELECT gen_random_uuid(), ${other.id}, 'P' FROM generate_series(1, ${mostStatusPages - 3})`;
    await sql`
      INSERT INTO status_page_components (id, organisation_id, status_page_id, name)
      SELECT gen_random_uuid(), ${other.id}, ${page.id}, 'C' FROM generate_series(1, ${mostComponents - 2})`;
    for (const path of ['/v1/status-page', `/v1/status-page/${page.id}/component`]) {
      const answers = await Promise.all(Array.from({ length: 6 }, () => api.post(path, { name: 'One more' }, as)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409, 409, 409], path);
      for (const { status, body } of answers) if (status === 409) assert.equal(body.code, 'limit_reached');
    }
    const { components } = (await api.get(`/v1/status-page/${page.id}/components?limit=200`, as)).body;
    assert.equal(components.length, mostComponents);
    assert.equal((await shown(page.id)).body.components.length, mostComponents);
    assert.equal((await remove(`/v1/status-page/${page.id}/component/${components[0].id}`, as)).status, 200);
    assert.equal((await api.post(`/v1/status-page/${page.id}/component`, { name: 'Room' }, as)).status, 201);
    assert.equal((await remove(`/v1/status-page/${page.id}`, as)).status, 200);
    await createPage('Room', as);
  });

  it('are kept while a ruleset names them', async () => {
    const page = await createPage();
    const [named, free] = [await createComponent(page.id), await createComponent(page.id)];
    const { id: rulesetId } = await createRuleset();
    assert.equal((await nameIn(rulesetId, named)).status, 200);
    for (const path of [`/v1/status-page/${page.id}/component/${named.id}`, `/v1/status-page/${page.id}`]) {
      const refused = await remove(path);
      assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
      assert.deepEqual(refused.body.references, [{ type: 'ruleset', id: rulesetId, name: 'Names it' }]);
    }
    assert.equal((await shown(page.id)).body.components.length, 2);
    assert.equal((await remove(`/v1/status-page/${page.id}/component/${free.id}`)).status, 200);
    assert.equal((await put(`/v1/ruleset/${rulesetId}/actions`, { actions: [] })).status, 200);
    assert.equal((await remove(`/v1/status-page/${page.id}`)).status, 200);
  });

  it('are never deleted by one who did not see an action that names them', async () => {
    const { id: rulesetId } = await createRuleset();
    for (let round = 0; round < 10; round++) {
      const page = await createPage();
      const component = await createComponent(page.id);
      const path = round % 2 ? `/v1/status-page/${page.id}` : `/v1/status-page/${page.id}/component/${component.id}`;
      const [saved, removed] = await Promise.all([nameIn(rulesetId, component), remove(path)]);
      assert.deepEqual([saved.status, removed.status], saved.status === 200 ? [200, 409] : [422, 200]);
      await put(`/v1/ruleset/${rulesetId}/actions`, { actions: [] });
    }
  });

  it('never gain a component while they are deleted', async () => {
    for (let round = 0; round < 8; round++) {
      const page = await createPage();
      const path = `/v1/status-page/${page.id}`;
      const [made, removed] = await Promise.all([api.post(`${path}/component`, { name: 'C' }), remove(path)]);
      assert.equal(removed.status, 200);
      assert.ok(made.status === 201 || made.status === 404, made.text);
      const left = await api.database.sql`
        SELECT FROM status_page_components WHERE status_page_id = ${page.id} AND deleted_at IS NULL`;
      assert.equal(left.length, 0);
    }
  });

  it('are made once under an Idempotency-Key', async () => {
    const once = { headers: { 'Idempotency-Key': 'page-1' } };
    const [first, second] = [await createPage('Once', once), await createPage('Once', once)];
    assert.deepEqual(second, first);
  });

  it("leave other organisations' alone", async () => {
    const other = await api.createOrganisation('Other');
    const as = { key: other.key };
    const page = await createPage();
    const component = await createComponent(page.id);
    for (const path of [`/v1/status-page/${page.id}`, `/v1/status-page/${page.id}/component/${component.id}`])
      for (const answer of [await api.get(path, as), await put(path, { name: 'X' }, as), await remove(path, as)])
        assert.equal(answer.status, 404, path);
    assert.equal((await api.post(`/v1/status-page/${page.id}/component`, { name: 'X' }, as)).status, 404);
    assert.equal((await api.get(`/v1/status-page/${page.id}/components`, as)).status, 404);
    assert.deepEqual((await api.get('/v1/status-pages', as)).body.status_pages, []);
    const theirs = await createPage('Theirs', as);
    const path = `/v1/status-page/${theirs.id}/component/${component.id}`;
    for (const answer of [await api.get(path, as), await put(path, { name: 'X' }, as), await remove(path, as)])
      assert.equal(answer.status, 404, 'under a page of their own');
    assert.deepEqual((await api.get(`/v1/status-page/${page.id}/components`)).body.components, [component]);
  });
});

describe('the public status', () => {
  let api: TestApi;
  const statusPage = { name: 'status-page', quota: 30, windowSeconds: 600 };
  before(async () => void (api = await startTestApi({ rateLimits: { statusPage } })));
  after(() => api.close());

  const shown = (pageId: string) => api.get(`/status/${pageId}.json`, { key: null });
  async function createPage(...names: string[]): Promise<{ page: Json; components: Json[] }> {
    const page = (await api.post('/v1/status-page', { name: 'Acme' })).body;
    const components: Json[] = [];
    for (const name of names) components.push((await api.post(`/v1/status-page/${page.id}/component`, { name })).body);
    return { page, components };
  }

  it('follows the open incidents, and says nothing of them', async () => {
    const { page, components } = await createPage('Checkout', 'Search');
    const { sql } = api.database;
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    const teamId = await api.defaultTeamId();
    const open = async (component: Json, urgency: 'low' | 'medium' | 'high') => {
      const incidentId = await storeOpenIncident(api, teamId, { name: 'Secret name', urgency });
      const target = { statusPageId: page.id, componentId: component.id, incidentId };
      await api.deps.stores.statusPages.affect(organisationId, target);
      return incidentId;
    };
    const statuses = async () => {
      const { body } = await shown(page.id);
      return [body.status.indicator, ...body.components.map(({ status }: Json) => status)];
    };

    const { status, body, text } = await shown(page.id);
    assert.equal(status, 200);
    assert.ok(Math.abs(Date.now() - Date.parse(body.page.updated_at)) < 60_000);
    assert.deepEqual(body, {
      page: { id: page.id, name: 'Acme', url: page.url, updated_at: body.page.updated_at },
      status: { indicator: 'none', description: 'All Systems Operational' },
      components: [
        { id: components[0].id, name: 'Checkout', status: 'operational' },
        { id: components[1].id, name: 'Search', status: 'operational' },
      ],
    });
    assert.ok(!text.includes(organisationId));

    const first = await open(components[0], 'low');
    assert.deepEqual(await statuses(), ['minor', 'degraded_performance', 'operational']);
    const second = await open(components[1], 'high');
    assert.deepEqual(await statuses(), ['critical', 'degraded_performance', 'major_outage']);
    await sql`UPDATE incidents SET urgency = 'medium' WHERE id = ${second}`;
    assert.deepEqual(await statuses(), ['major', 'degraded_performance', 'partial_outage']);
    const during = (await shown(page.id)).text;
    for (const secret of ['Secret name', first, second]) assert.ok(!during.includes(secret));
    await sql`UPDATE incidents SET status = 'resolved' WHERE id = ${second}`;
    assert.deepEqual(await statuses(), ['minor', 'degraded_performance', 'operational']);
    await sql`UPDATE incidents SET status = 'resolved' WHERE id = ${first}`;
    assert.deepEqual(await statuses(), ['none', 'operational', 'operational']);
  });

  it('may be read from any site, and kept for a moment', async () => {
    const { page } = await createPage();
    const { headers } = await shown(page.id);
    assert.equal(headers.get('Access-Control-Allow-Origin'), '*');
    assert.equal(headers.get('Cache-Control'), 'public, max-age=10');
    const missing = await shown(unknown);
    assert.equal(missing.headers.get('Cache-Control'), 'no-store');
    assert.equal((await api.get('/v1/status-pages')).headers.get('Access-Control-Allow-Origin'), null);
    const head = await api.send('HEAD', `/status/${page.id}.json`, { key: null });
    assert.deepEqual([head.status, head.text], [200, '']);
    const wrong = await api.post(`/status/${page.id}.json`, {}, { key: null });
    assert.deepEqual([wrong.status, wrong.headers.get('Allow')], [405, 'GET, HEAD, OPTIONS']);
  });

  it('knows a page by its id and .json alone', async () => {
    const { page } = await createPage();
    assert.equal((await shown(page.id.toUpperCase())).status, 200);
    assert.equal((await api.get(`/status/${page.id}%2Ejson`, { key: null })).status, 200);
    for (const path of [
      `/status/${page.id}`,
      `/status/${page.id}.JSON`,
      `/status/${page.id}.json.json`,
      `/status/${page.id}.jso`,
      `/status/${page.id}xjson`,
      `/status/${page.id}.json/`,
      `/status/${page.id}/.json`,
      `/status/x${page.id}.json`,
      `/status/${page.id}%00.json`,
      '/status/.json',
      '/status/json',
      '/status/',
      '/status/x.json',
      "/status/'--.json",
      '/status/%E0%A4%A.json',
      `/status/${unknown}.json`,
      `/status/${'x'.repeat(5_000)}.json`,
    ]) {
      const answer = await api.get(path, { key: null });
      assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'], path);
    }
  });

  it('is read only so often, each page by itself', async () => {
    const [{ page }, { page: second }] = [await createPage(), await createPage()];
    for (let left = statusPage.quota - 1; left >= 0; left--) {
      const { status, headers } = await shown(page.id);
      assert.equal(status, 200);
      assert.match(headers.get('RateLimit') ?? '', new RegExp(`^"status-page";r=${left};`));
    }
    const refused = await shown(page.id.toUpperCase());
    assert.deepEqual([refused.status, refused.body['violated-policies']], [429, ['status-page']]);
    assert.equal(refused.headers.get('Cache-Control'), 'no-store');
    assert.ok(Number(refused.headers.get('Retry-After')) > 1);
    assert.equal((await shown(second.id)).status, 200);
    assert.equal((await api.get(`/v1/status-page/${page.id}`)).status, 200);
  });
});
