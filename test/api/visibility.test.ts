import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('visibility of incidents', () => {
  let api: TestApi;
  let teamId: string;

  before(async () => {
    api = await startTestApi();
    teamId = await api.defaultTeamId();
  });
  after(() => api.close());

  const open = (more: Json = {}) =>
    api.post(`/v1/team/${teamId}/incident`, { name: 'I', description: '', urgency: 'low', ...more });

  it('is public unless asked for, shown everywhere, and a filter of lists', async () => {
    const [usual, secret] = [await open(), await open({ visibility: 'private' })];
    assert.deepEqual([usual.status, usual.body.visibility], [201, 'public'], usual.text);
    assert.deepEqual([secret.status, secret.body.visibility], [201, 'private'], secret.text);
    assert.equal((await api.get(`/v1/incident/${secret.body.id}`)).body.visibility, 'private');
    for (const path of ['/v1/organisation/incidents', `/v1/team/${teamId}/incidents`]) {
      const found = async (query: string) => {
        const { incidents } = (await api.get(`${path}?sort=number&${query}`)).body;
        return incidents.map(({ id, visibility }: Json) => [id, visibility]);
      };
      assert.deepEqual(await found('visibility=private'), [[secret.body.id, 'private']]);
      assert.deepEqual(await found('visibility=public'), [[usual.body.id, 'public']]);
      assert.equal((await found('visibility=private,public')).length, 2);
      assert.deepEqual(faultyFields(await api.get(`${path}?visibility=secret`)), ['query.visibility[0]']);
    }
  });

  it('is one of two, and stays', async () => {
    assert.deepEqual(faultyFields(await open({ visibility: 'hidden' })), ['visibility']);
    const { id } = (await open({ visibility: 'private' })).body;
    const changed = await api.send('PUT', `/v1/incident/${id}`, { json: { visibility: 'public' } });
    assert.deepEqual(faultyFields(changed), ['visibility']);
  });
});
