import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { ulidOf } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Answer, type Json, type TestApi } from '../../support/api.ts';
import { storeOpenIncident } from '../../support/open-incident.ts';
import { insertMember } from '../../support/people.ts';
import { restrictedKey } from '../../support/restricted-key.ts';
import { holdTo } from '../../support/payload-shape.ts';

/** As incident.io's reference has them (https://docs.incident.io/api-reference, "Actions V1" and "Actions V2"). */
const user = {
  email: 'lisa@incident.io',
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  name: 'Lisa Karlin Curtis',
  role: 'viewer',
};
const documented = {
  assignee: user,
  completed_at: '2021-08-17T13:28:57.801578Z',
  created_at: '2021-08-17T13:28:57.801578Z',
  description: 'Call the fire brigade',
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  incident_id: '01FCNDV6P870EA6S7TK1DSYDG0',
  status: 'outstanding',
  updated_at: '2021-08-17T13:28:57.801578Z',
};

describe('actions of incident.io', () => {
  let api: TestApi;
  let organisationId: string;
  let teamId: string;
  let ada: string;
  let incident: string;

  before(async () => {
    api = await startTestApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
    teamId = await api.defaultTeamId();
    ada = await insertMember(api.database.sql, { organisationId, teamId, webhookId: '', apiKeyId: '' }, 'Ada');
  });
  after(() => api.close());
  beforeEach(async () => void (incident = await storeOpenIncident(api, teamId)));

  const create = async (json: Json = {}, key = api.adminKey): Promise<Json> => {
    const given = { incident_id: ulidOf(incident), description: 'Call the fire brigade', ...json };
    const answer = await api.post('/v2/actions', given, { key });
    assert.equal(answer.status, 201, answer.text);
    return answer.body.action;
  };
  const put = (id: string, json: Json, key = api.adminKey) => api.send('PUT', `/v2/actions/${id}`, { json, key });
  const list = async (query: string, version = 'v2'): Promise<string[]> => {
    const answer = await api.get(`/${version}/actions?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.actions.map(({ id }: Json) => id);
  };
  const faultsOf = ({ status, body }: Answer): [number, string[]] => [
    status,
    body.errors.map(({ source }: Json) => source?.field),
  ];
  const log = async () =>
    (await api.get(`/v1/incident/${incident}/log`)).body.log_entries.map(({ type, details, agent }: Json) => [
      type,
      details.title,
      agent.name,
    ]);

  it('have what the documented ones have, in both versions', async () => {
    const { id } = await create({ assignee_id: ulidOf(ada) });
    const completed = await api.post(`/v2/actions/${id}/actions/complete`);
    const creator = { api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'My test API key' } };
    holdTo({ ...documented, creator }, completed.body.action);
    assert.deepEqual((await api.get(`/v2/actions/${id}`)).body, completed.body);
    const first = (await api.get(`/v1/actions/${id}`)).body.action;
    holdTo({ ...documented, follow_up: true }, first);
    assert.deepEqual([first.follow_up, 'creator' in first], [false, false]);
  });

  it('are given to members, by id or by e-mail, or to nobody', async () => {
    const email = `${ada}@example.com`;
    const shown = { id: ulidOf(ada), name: 'Ada', email, role: 'unset' };
    for (const given of [
      { assignee_id: ada },
      { assignee_id: ulidOf(ada).toLowerCase() },
      { assignee: { id: ulidOf(ada) } },
      { assignee: { email: email.toUpperCase() } },
      { assignee: { email }, assignee_id: null },
    ])
      assert.deepEqual((await create(given)).assignee, shown, JSON.stringify(given));
    for (const nobody of [{}, { assignee_id: null }, { assignee: null }, { assignee: {} }, { assignee: { email: '' } }])
      assert.equal((await create(nobody)).assignee, undefined);

    const { id } = await create({ assignee_id: ada });
    assert.deepEqual((await put(id, { description: 'Call twice' })).body.action.assignee, shown);
    assert.equal((await put(id, { assignee_id: null })).body.action.assignee, undefined);
    assert.deepEqual((await put(id, { assignee: { email } })).body.action.assignee, shown);

    const other = await api.createOrganisation('Other');
    const { sql } = api.database;
    const foreign = await insertMember(sql, {
      organisationId: other.id,
      teamId: other.teamId,
      webhookId: '',
      apiKeyId: '',
    });
    const given = { incident_id: incident, description: 'D' };
    for (const [assigned, field] of [
      [{ assignee_id: foreign }, 'assignee_id'],
      [{ assignee_id: uuid() }, 'assignee_id'],
      [{ assignee: { id: foreign } }, 'assignee.id'],
      [{ assignee: { email: `${foreign}@example.com` } }, 'assignee.email'],
      [{ assignee: { id: ada }, assignee_id: ada }, 'assignee'],
    ] as const) {
      assert.deepEqual(faultsOf(await api.post('/v2/actions', { ...given, ...assigned })), [422, [field]]);
      assert.deepEqual(faultsOf(await put(id, assigned)), [422, [field]]);
    }
    assert.deepEqual((await api.get(`/v2/actions/${id}`)).body.action.assignee, shown);
  });

  it('are completed once, however often that is said, and opened again', async () => {
    const { id, created_at: createdAt, status, completed_at: none } = await create();
    assert.deepEqual([status, none], ['outstanding', undefined]);
    const complete = async () => (await api.post(`/v2/actions/${id}/actions/complete`)).body.action;
    const first = await complete();
    assert.equal(first.status, 'completed');
    assert.ok(first.completed_at >= createdAt && first.updated_at === first.completed_at);
    assert.deepEqual(await complete(), first);
    assert.deepEqual((await put(id, { status: 'completed' })).body.action, first);
    const renamed = (await put(id, { description: 'Called' })).body.action;
    assert.deepEqual([renamed.completed_at, renamed.description], [first.completed_at, 'Called']);
    const again = (await put(id, { status: 'outstanding' })).body.action;
    assert.deepEqual([again.status, again.completed_at], ['outstanding', undefined]);
    const second = await complete();
    assert.ok(second.completed_at > first.completed_at);
    assert.deepEqual(await log(), [
      ['task_created', 'Call the fire brigade', 'Admin key'],
      ['task_completed', 'Call the fire brigade', 'Admin key'],
      ['task_completed', 'Called', 'Admin key'],
    ]);
    assert.equal((await create({ status: 'completed' })).completed_at !== undefined, true);
  });

  it('are deleted by name alone, and shown on', async () => {
    const { id } = await create();
    assert.deepEqual(faultsOf(await put(id, { status: 'deleted' })), [422, ['status']]);
    for (let times = 0; times < 2; times += 1)
      assert.equal((await api.send('DELETE', `/v2/actions/${id}`)).status, 204);
    assert.equal((await api.get(`/v2/actions/${id}`)).body.action.status, 'deleted');
    assert.deepEqual(await list(`incident_id=${incident}`), [id]);
    assert.equal((await put(id, { status: 'not_doing' })).body.action.status, 'not_doing');
  });

  it('are listed by incident, kind and mode, in pages, oldest first', async () => {
    const ids = [await create(), await create(), await create()].map(({ id }) => id);
    const followUp = (await api.post('/v2/follow_ups', { incident_id: incident, title: 'T' })).body.follow_up.id;
    const of = `incident_id=${ulidOf(incident)}`;
    assert.deepEqual(await list(of), ids);
    assert.deepEqual(await list(of, 'v1'), [...ids, followUp]);
    assert.deepEqual(await list(`${of}&is_follow_up=true`, 'v1'), [followUp]);
    assert.deepEqual(await list(`${of}&is_follow_up=false`, 'v1'), ids);
    assert.equal((await api.get(`/v1/actions/${followUp}`)).body.action.description, 'T');
    assert.equal((await api.get(`/v2/actions/${followUp}`)).status, 404);
    const page = (await api.get(`/v2/actions?${of}&page_size=2`)).body;
    assert.deepEqual(page.pagination_meta, { after: ids[1], page_size: 2 });
    assert.deepEqual(await list(`${of}&page_size=2&after=${ids[1]}`), [ids[2]]);
    assert.deepEqual((await api.get(`/v2/actions?${of}`)).body.pagination_meta, { page_size: 500 });
    assert.deepEqual(await list(`incident_id=${uuid()}`), []);

    const { sql } = api.database;
    for (const [mode, shown] of [
      ['standard', ['', 'standard', 'real']],
      ['retrospective', ['', 'retrospective', 'real']],
      ['test', ['test']],
      ['tutorial', ['tutorial']],
    ] as const) {
      await sql`UPDATE incidents SET mode = ${mode} WHERE id = ${incident}`;
      for (const asked of ['', 'standard', 'retrospective', 'test', 'tutorial', 'stream'] as const) {
        const found = await list(`${of}${asked === '' ? '' : `&incident_mode=${asked}`}`);
        assert.deepEqual(found, (shown as readonly string[]).includes(asked) ? ids : [], `${mode}: ${asked}`);
      }
      const real = await list(`${of}&incident_mode=real`, 'v1');
      assert.equal(real.length > 0, (shown as readonly string[]).includes('real'), mode);
    }
    assert.deepEqual(faultsOf(await api.get('/v2/actions?incident_mode=real&after=1&page_size=501&incident_id=x')), [
      422,
      ['page_size', 'after', 'incident_id', 'incident_mode'],
    ]);
    assert.deepEqual(faultsOf(await api.get(`/v2/actions?after=${uuid()}`)), [422, ['after']]);
  });

  it('refuse faulty fields by name, and store nothing', async () => {
    const answer = await api.post('/v2/actions', { description: ' ', status: 'open', assignee_id: 7 });
    assert.deepEqual(faultsOf(answer), [422, ['incident_id', 'description', 'assignee_id', 'status']]);
    assert.deepEqual(faultsOf(await api.post('/v2/actions', { incident_id: uuid(), description: 'D' })), [
      422,
      ['incident_id'],
    ]);
    const unknown = { incident_id: uuid(), description: 'D', assignee: { id: uuid() } };
    assert.deepEqual(faultsOf(await api.post('/v2/actions', unknown)), [422, ['incident_id', 'assignee.id']]);
    for (const path of [`/v2/actions/${uuid()}`, '/v2/actions/none', `/v1/actions/${uuid()}`])
      assert.equal((await api.get(path)).status, 404, path);
    assert.equal((await put(uuid(), { description: 'D' })).status, 404);
    assert.equal((await api.post(`/v2/actions/${uuid()}/actions/complete`)).status, 404);
    assert.deepEqual(await list(`incident_id=${incident}`), []);
  });

  it('are at most 500 of an incident, together with follow-ups', async () => {
    const { sql } = api.database;
    await sql`
      INSERT INTO incident_tasks (id, organisation_id, incident_id, kind, title, description, creator)
      SELECT gen_random_uuid(), ${organisationId}, ${incident}, CASE n % 2 WHEN 0 THEN 'action' ELSE 'follow_up' END,
        'T', 'D', '{"type":"key","id":null,"name":"K"}' FROM generate_series(1, 499) AS n`;
    const given = { incident_id: incident, description: 'D', title: 'T' };
    const answers = await Promise.all(
      ['actions', 'follow_ups', 'actions'].map((noun) => api.post(`/v2/${noun}`, given)),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 422, 422]);
    const refused = answers.find(({ status }) => status === 422)!;
    assert.equal(refused.body.errors[0].code, 'limit_reached');
    assert.equal((await list(`incident_id=${incident}`, 'v1')).length, 500);
  });

  it('belong to whoever may see the incident, and are made by the key or the member it acts as', async () => {
    const { sql } = api.database;
    const { id } = await create();
    await sql`UPDATE incidents SET visibility = 'private' WHERE id = ${incident}`;
    const blind = await restrictedKey(sql, organisationId, ['view_data', 'edit_incidents']);
    const reader = await restrictedKey(sql, organisationId, ['view_data', 'view_private_incidents']);
    const invited = await restrictedKey(sql, organisationId, ['view_data', 'edit_incidents'], { memberId: ada });
    const other = await api.createOrganisation('Stranger');
    await sql`INSERT INTO incident_memberships ${sql({ id: uuid(), organisation_id: organisationId, incident_id: incident, member_id: ada, granted_by: sql.json({}) })}`;
    const of = `incident_id=${incident}`;
    for (const key of [blind, other.key]) {
      assert.deepEqual((await api.get(`/v2/actions?${of}`, { key })).body.actions, []);
      assert.equal((await api.get(`/v2/actions/${id}`, { key })).status, 404);
      assert.equal((await api.get(`/v1/actions/${id}`, { key })).status, 404);
      assert.equal((await put(id, { description: 'D' }, key)).status, 404);
      assert.equal((await api.send('DELETE', `/v2/actions/${id}`, { key })).status, 404);
      assert.equal((await api.post(`/v2/actions/${id}/actions/complete`, undefined, { key })).status, 404);
      const created = await api.post('/v2/actions', { incident_id: incident, description: 'D' }, { key });
      assert.deepEqual(faultsOf(created), [422, ['incident_id']]);
    }
    for (const key of [reader, invited])
      assert.deepEqual(
        (await api.get(`/v2/actions?${of}`, { key })).body.actions.map((action: Json) => action.id),
        [id],
      );
    assert.equal((await put(id, { description: 'D' }, reader)).status, 403);
    const made = await create({}, invited);
    assert.deepEqual(made.creator, {
      user: { id: ulidOf(ada), name: 'Ada', email: `${ada}@example.com`, role: 'unset' },
    });
    // Nothing of all that was stored for those who may not.
    assert.equal((await api.get(`/v2/actions/${id}`)).body.action.description, 'Call the fire brigade');
  });

  it('are created once for one Idempotency-Key', async () => {
    const given = { incident_id: incident, description: 'Once' };
    const headers = { 'Idempotency-Key': uuid() };
    const [first, second] = [
      await api.post('/v2/actions', given, { headers }),
      await api.post('/v2/actions', given, { headers }),
    ];
    assert.deepEqual(second.body, first.body);
    assert.equal((await list(`incident_id=${incident}`)).length, 1);
  });
});
