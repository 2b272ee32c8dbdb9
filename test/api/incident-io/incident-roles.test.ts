import assert from 'node:assert/strict';
import { uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';

describe('incident roles', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  const list = async (version = 'v2'): Promise<Json[]> =>
    (await api.get(`/${version}/incident_roles`)).body.incident_roles;
  const draft = (name: string) => ({ name, shortform: name.toLowerCase() });

  it('are a lead and a reporter from the start, which stay', async () => {
    const roles = await list();
    assert.deepEqual(
      roles.map(({ name, role_type: type }) => [name, type]),
      [
        ['Incident Lead', 'lead'],
        ['Reporter', 'reporter'],
      ],
    );
    for (const { id } of roles)
      for (const version of ['v1', 'v2']) {
        const refused = await api.send('DELETE', `/${version}/incident_roles/${id}`);
        assert.deepEqual(
          [refused.status, refused.body.type, refused.body.errors[0].code],
          [409, 'conflict', 'still_referenced'],
        );
      }
    assert.deepEqual(await list(), roles);
    const renamed = await api.send('PUT', `/v2/incident_roles/${roles[0]!.id}`, { json: { name: 'Commander' } });
    const { name, role_type: type, shortform } = renamed.body.incident_role;
    assert.deepEqual([name, type, shortform], ['Commander', 'lead', 'lead']);
  });

  it('are the same in both versions, the first with what is required', async () => {
    const made = (await api.post('/v1/incident_roles', { ...draft('Scribe'), required: true })).body.incident_role;
    assert.deepEqual([made.required, made.role_type, made.instructions], [true, 'custom', '']);
    const { required, ...second } = made;
    assert.equal(required, true);
    assert.deepEqual((await api.get(`/v2/incident_roles/${made.id}`)).body.incident_role, second);
    assert.deepEqual((await list()).at(-1), second);
    assert.deepEqual((await list('v1')).at(-1), made);
    // A second version that knows nothing of it leaves it alone.
    await api.send('PUT', `/v2/incident_roles/${made.id}`, { json: { name: 'Clerk' } });
    assert.equal((await api.get(`/v1/incident_roles/${made.id}`)).body.incident_role.required, true);
  });

  it('cannot be made lead or reporter', async () => {
    const made = await api.post('/v2/incident_roles', { ...draft('Second lead'), role_type: 'lead' });
    assert.equal(made.body.incident_role.role_type, 'custom');
  });

  it('have short forms of their own, until they are deleted', async () => {
    const post = (json: Json) => api.post('/v2/incident_roles', json);
    const [first, second] = [await post(draft('Eyes')), await post(draft('Ears'))];
    const [firstId, secondId] = [first.body.incident_role.id, second.body.incident_role.id];
    for (const answer of [
      await post({ name: 'Other', shortform: 'EYES' }),
      await api.send('PUT', `/v1/incident_roles/${secondId}`, { json: { shortform: 'Eyes' } }),
    ]) {
      assert.equal(answer.status, 422);
      assert.deepEqual(answer.body.errors[0].source, { field: 'shortform' });
    }
    assert.equal((await api.send('PUT', `/v2/incident_roles/${firstId}`, { json: { shortform: 'EYES' } })).status, 200);
    await api.send('DELETE', `/v1/incident_roles/${firstId}`);
    assert.equal(
      (await api.send('PUT', `/v2/incident_roles/${secondId}`, { json: { shortform: 'eyes' } })).status,
      200,
    );
  });

  it('stay known to incidents when they are deleted', async () => {
    const { id } = (await api.post('/v2/incident_roles', draft('Gone'))).body.incident_role;
    await api.send('DELETE', `/v2/incident_roles/${id}`);
    const organisationId = (await api.get('/v1/organisation')).body.id;
    const [kept] = await api.deps.stores.incidentRoles.byIds(organisationId, [uuidOfUlid(id)!]);
    assert.deepEqual([kept!.name, kept!.isDeleted], ['Gone', true]);
    const { id: otherId } = await api.createOrganisation('Other');
    assert.equal((await api.deps.stores.incidentRoles.byIds(otherId, [uuidOfUlid(id)!])).length, 0);
  });
});
