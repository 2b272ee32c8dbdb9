import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { ulidOf } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Answer, type Json, type TestApi } from '../../support/api.ts';
import { storeOpenIncident } from '../../support/open-incident.ts';
import { holdTo } from '../../support/payload-shape.ts';
import { insertMember } from '../../support/people.ts';

/** As incident.io's reference has it (https://docs.incident.io/api-reference, "Follow-ups V2"). */
const documented = {
  assignee: { email: 'lisa@incident.io', id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'Lisa Karlin Curtis', role: 'viewer' },
  completed_at: '2021-08-17T13:28:57.801578Z',
  created_at: '2021-08-17T13:28:57.801578Z',
  creator: { api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'My test API key' } },
  description: 'Call the fire brigade',
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  incident_id: '01FCNDV6P870EA6S7TK1DSYDG0',
  labels: ['bug', 'urgent'],
  priority: { id: '01GNW4BAQ7XRMFF6FHKNXDFPRW', name: 'Urgent', rank: 10 },
  status: 'outstanding',
  title: 'Cat is stuck in the tree',
  updated_at: '2021-08-17T13:28:57.801578Z',
};

describe('follow-ups of incident.io', () => {
  let api: TestApi;
  let teamId: string;
  let ada: string;
  let incident: string;

  before(async () => {
    api = await startTestApi();
    teamId = await api.defaultTeamId();
    const organisationId = (await api.get('/v1/organisation')).body.id;
    ada = await insertMember(api.database.sql, { organisationId, teamId, webhookId: '', apiKeyId: '' }, 'Ada');
  });
  after(() => api.close());
  beforeEach(async () => void (incident = await storeOpenIncident(api, teamId)));

  const create = async (json: Json = {}): Promise<Json> => {
    const given = { incident_id: ulidOf(incident), title: 'Cat is stuck in the tree', ...json };
    const answer = await api.post('/v2/follow_ups', given);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.follow_up;
  };
  const change = async (id: string, json: Json): Promise<Json> => {
    const answer = await api.send('PUT', `/v2/follow_ups/${id}`, { json });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.follow_up;
  };
  const faultsOf = ({ status, body }: Answer): [number, string[]] => [
    status,
    body.errors.map(({ source }: Json) => source?.field),
  ];
  const full = { description: 'Call the fire brigade', priority: 'Urgent', labels: ['bug', 'urgent'] };

  it('have what the documented one has', async () => {
    const { id } = await create({ ...full, assignee_id: ulidOf(ada) });
    const completed = (await api.post(`/v2/follow_ups/${id}/actions/complete`)).body;
    holdTo(documented, completed.follow_up);
    assert.deepEqual((await api.get(`/v2/follow_ups/${id}`)).body, completed);
    assert.deepEqual((await api.get(`/v2/follow_ups?incident_id=${incident}`)).body, {
      follow_ups: [completed.follow_up],
      pagination_meta: { page_size: 500 },
    });
    assert.deepEqual((await api.post(`/v2/follow_ups/${id}/actions/complete`)).body, completed);
  });

  it('leave out what they lack, and keep what a change does not name', async () => {
    const { id, ...bare } = await create();
    assert.deepEqual(Object.keys(bare).sort(), [
      'created_at',
      'creator',
      'incident_id',
      'labels',
      'status',
      'title',
      'updated_at',
    ]);
    const filled = await change(id, { ...full, assignee: { id: ada } });
    assert.deepEqual(
      [filled.description, filled.labels, filled.priority.name, filled.assignee.id],
      [full.description, full.labels, full.priority, ulidOf(ada)],
    );
    const renamed = await change(id, { title: 'The cat came down', status: 'not_doing' });
    assert.deepEqual(
      { ...renamed, updated_at: '' },
      { ...filled, title: 'The cat came down', status: 'not_doing', updated_at: '' },
    );
    const emptied = await change(id, { description: null, priority: null, labels: null, assignee_id: null });
    assert.deepEqual(
      [emptied.description, emptied.priority, emptied.labels, emptied.assignee],
      [undefined, undefined, [], undefined],
    );
    assert.equal((await change(id, { status: 'outstanding' })).status, 'outstanding');
  });

  it('rank priorities by their names, and the same name has the same id', async () => {
    const ranks = { Urgent: 4, critical: 4, High: 3, medium: 2, Low: 1, P2: 3, 'When the moon is full': 0 };
    for (const [priority, rank] of Object.entries(ranks)) {
      const [one, other] = [(await create({ priority })).priority, (await create({ priority })).priority];
      assert.deepEqual([one.name, one.rank, one.id], [priority, rank, other.id]);
    }
  });

  it('refuse faulty fields by name', async () => {
    const faulty = {
      title: '',
      description: 'x'.repeat(15_001),
      priority: 'x'.repeat(65),
      labels: ['', 'x'.repeat(101)],
      status: 'done',
    };
    const answer = await api.post('/v2/follow_ups', faulty);
    const fields = ['incident_id', 'title', 'description', 'priority', 'labels.0', 'labels.1', 'status'];
    assert.deepEqual(faultsOf(answer), [422, fields]);
    const { id } = await create();
    const changed = await api.send('PUT', `/v2/follow_ups/${id}`, {
      json: { ...faulty, labels: new Array(21).fill('l') },
    });
    assert.deepEqual(faultsOf(changed), [422, ['title', 'description', 'priority', 'labels', 'status']]);
    const deleted = await api.send('PUT', `/v2/follow_ups/${id}`, { json: { status: 'deleted' } });
    assert.match(deleted.body.errors[0].message, /use DELETE/);
  });

  it('are deleted, and unknown where they are actions', async () => {
    const { id } = await create();
    assert.equal((await api.send('DELETE', `/v2/follow_ups/${id}`)).status, 204);
    assert.equal((await api.get(`/v2/follow_ups/${id}`)).body.follow_up.status, 'deleted');
    const action = (await api.post('/v2/actions', { incident_id: incident, description: 'D' })).body.action;
    for (const answer of [
      await api.get(`/v2/follow_ups/${action.id}`),
      await api.send('PUT', `/v2/follow_ups/${action.id}`, { json: { title: 'T' } }),
      await api.send('DELETE', `/v2/follow_ups/${action.id}`),
      await api.post(`/v2/follow_ups/${action.id}/actions/complete`),
      await api.get(`/v2/follow_ups/${uuid()}`),
    ])
      assert.equal(answer.status, 404, answer.text);
  });
});
