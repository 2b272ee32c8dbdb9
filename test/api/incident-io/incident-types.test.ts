import assert from 'node:assert/strict';
import { uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';

describe('incident types', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  const list = async (): Promise<Json[]> => (await api.get('/v1/incident_types')).body.incident_types;
  const create = async (json: Json): Promise<Json> => {
    const answer = await api.post('/v1/incident_types', json);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.incident_type;
  };
  const put = (id: string, json: Json) => api.send('PUT', `/v1/incident_types/${id}`, { json });
  const defaults = async () => (await list()).filter((type) => type.is_default).map(({ name }) => name);

  it('are one from the start: the default, which is neither deleted nor just taken away', async () => {
    const [first, ...others] = await list();
    assert.equal(others.length, 0);
    const { name, is_default: isDefault, private_incidents_only: isPrivate, create_in_triage: triage } = first!;
    assert.deepEqual([name, isDefault, isPrivate, triage], ['Default', true, false, 'optional']);
    const refused = await api.send('DELETE', `/v1/incident_types/${first!.id}`);
    assert.deepEqual(
      [refused.status, refused.body.type, refused.body.errors[0].code],
      [409, 'conflict', 'still_referenced'],
    );
    const faulty = await put(first!.id, { is_default: false });
    assert.equal(faulty.status, 422);
    assert.deepEqual(faulty.body.errors[0].source, { field: 'is_default' });
    assert.deepEqual(await list(), [first]);
    assert.equal((await put(first!.id, { is_default: true })).status, 200);
  });

  it('hand the default on from one to the next', async () => {
    const made = await create({ name: 'Outage', is_default: true });
    assert.deepEqual(await defaults(), ['Outage']);
    const other = await create({ name: 'Security', private_incidents_only: true });
    assert.equal((await put(other.id, { is_default: true })).status, 200);
    assert.deepEqual(await defaults(), ['Security']);
    assert.equal((await list())[0]!.id, other.id);
    assert.equal((await api.send('DELETE', `/v1/incident_types/${made.id}`)).status, 204);
    assert.equal((await api.send('DELETE', `/v1/incident_types/${other.id}`)).status, 409);
    const organisationId = (await api.get('/v1/organisation')).body.id;
    assert.equal((await api.deps.stores.incidentTypes.defaultOf(organisationId)).name, 'Security');
  });

  it('keep one default when several become it at once', async () => {
    const types = [];
    for (const name of ['One', 'Two', 'Three', 'Four']) types.push(await create({ name }));
    const answers = await Promise.all(types.map(({ id }) => put(id, { is_default: true })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.equal((await defaults()).length, 1);
  });

  it('stay known to incidents when they are deleted', async () => {
    const { id } = await create({ name: 'Gone' });
    await api.send('DELETE', `/v1/incident_types/${id}`);
    const organisationId = (await api.get('/v1/organisation')).body.id;
    const [kept] = await api.deps.stores.incidentTypes.byIds(organisationId, [uuidOfUlid(id)!]);
    assert.deepEqual([kept!.name, kept!.isDeleted], ['Gone', true]);
  });
});
