import assert from 'node:assert/strict';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';

describe('incident statuses', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  const list = async (): Promise<Json[]> => (await api.get('/v1/incident_statuses')).body.incident_statuses;

  it('are one of each category that our own statuses need from the start, and those stay', async () => {
    const statuses = await list();
    assert.deepEqual(
      statuses.map(({ name, category, rank }) => [name, category, rank]),
      [
        ['Triage', 'triage', 1],
        ['Investigating', 'live', 2],
        ['Closed', 'closed', 3],
        ['Merged', 'merged', 4],
      ],
    );
    for (const { id } of statuses) {
      const refused = await api.send('DELETE', `/v1/incident_statuses/${id}`);
      assert.deepEqual(
        [refused.status, refused.body.type, refused.body.errors[0].code],
        [409, 'conflict', 'still_referenced'],
      );
    }
    assert.deepEqual(await list(), statuses);
    const json = { name: 'Fixing', description: 'At work' };
    const { incident_status: renamed } = (await api.send('PUT', `/v1/incident_statuses/${statuses[1]!.id}`, { json }))
      .body;
    assert.deepEqual([renamed.name, renamed.category, renamed.rank], ['Fixing', 'live', 2]);
    const organisationId = (await api.get('/v1/organisation')).body.id;
    assert.equal((await api.deps.stores.incidentStatuses.defaultOf(organisationId, 'live'))?.name, 'Fixing');
  });

  it('are made as active, post-incident or closed, the last in rank', async () => {
    const ranks = [];
    for (const category of ['live', 'learning', 'closed']) {
      const answer = await api.post('/v1/incident_statuses', { name: `A ${category} one`, category });
      assert.equal(answer.status, 201, answer.text);
      ranks.push(answer.body.incident_status.rank);
    }
    assert.deepEqual(ranks, [5, 6, 7]);
    for (const category of ['triage', 'paused', 'declined', 'merged', 'canceled', 'x']) {
      const answer = await api.post('/v1/incident_statuses', { name: `A ${category} one`, category });
      assert.equal(answer.status, 422, category);
      assert.deepEqual(answer.body.errors[0].source, { field: 'category' });
    }
  });

  it('keep their category', async () => {
    const made = (await api.post('/v1/incident_statuses', { name: 'Watching', category: 'live' })).body.incident_status;
    const json = { name: 'Watching on', category: 'closed' };
    const changed = (await api.send('PUT', `/v1/incident_statuses/${made.id}`, { json })).body.incident_status;
    assert.deepEqual([changed.name, changed.category], ['Watching on', 'live']);
  });
});
