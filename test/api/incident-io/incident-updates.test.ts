import assert from 'node:assert/strict';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import type { Json, TestApi } from '../../support/api.ts';
import { createIncidentIo, faultySources, settingOf } from '../../support/incident-io.ts';
import { restrictedKey } from '../../support/restricted-key.ts';
import { startWorkingApi } from '../../support/working-api.ts';

describe("incident.io's incident updates", function () {
  this.timeout(90_000);
  let api: TestApi;
  let member: Json;
  before(async () => {
    api = await startWorkingApi();
    const teamId = await api.defaultTeamId();
    member = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body;
  });
  after(() => api.close());

  const command = async (id: string, path: string, json: Json = {}): Promise<void> => {
    const answer = await api.post(`/v1/incident/${uuidOfUlid(id)}/${path}`, json);
    assert.equal(answer.status, 200, answer.text);
  };
  const updates = async (query: string, key = api.adminKey): Promise<Json[]> => {
    const answer = await api.get(`/v2/incident_updates${query}`, { key });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.incident_updates;
  };

  it('are what changed status and severity, and what people were told', async () => {
    const { id } = await createIncidentIo(api);
    await command(id, 'acknowledge', { by: member.id });
    await command(id, 'note', { content: 'Nobody else sees this.' });
    await command(id, 'severity', { severity: 'Major' });
    await command(id, 'urgency', { urgency: 'low' });
    await command(id, 'status-update', { message: 'A fix is on its way.' });
    await command(id, 'resolve', { resolution: 'Restarted' });
    const major = await settingOf(api, 'severities', 'Major');
    const found = await updates(`?incident_id=${id}`);
    assert.deepEqual(
      found.map(({ new_incident_status: { category }, new_severity: severity, message }) => [
        category,
        severity?.id,
        message,
      ]),
      [
        ['triage', undefined, undefined],
        ['live', undefined, undefined],
        ['live', major.id, undefined],
        ['live', major.id, 'A fix is on its way.'],
        ['closed', major.id, 'Restarted'],
      ],
    );
    for (const { incident_id: of } of found) assert.equal(of, id);
    assert.equal(new Set(found.map((one) => one.id)).size, found.length);
    assert.deepEqual(Object.keys(found[0]!.updater), ['api_key']);
    const ada = { id: ulidOf(member.id), name: 'Ada', email: 'ada@example.com', role: 'unset' };
    assert.deepEqual(found[1]!.updater, { user: ada });
  });

  it('say where an incident went, to whoever may see that', async () => {
    const [target, source] = [await createIncidentIo(api, { visibility: 'private' }), await createIncidentIo(api)];
    await command(target.id, 'merge', { incident_ids: [uuidOfUlid(source.id)] });
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    const blind = await restrictedKey(api.database.sql, organisationId, ['view_data']);
    const last = async (key?: string) => (await updates(`?incident_id=${source.id}`, key)).at(-1)!;
    assert.equal((await last()).new_incident_status.category, 'merged');
    assert.equal((await last(blind)).merged_into_incident_id, undefined);
    assert.deepEqual(await updates(`?incident_id=${target.id}`, blind), []);
    assert.ok(!(await updates('?page_size=250', blind)).some(({ incident_id: id }) => id === target.id));

    const [visible, other] = [await createIncidentIo(api), await createIncidentIo(api)];
    await command(visible.id, 'merge', { incident_ids: [uuidOfUlid(other.id)] });
    assert.equal((await updates(`?incident_id=${other.id}`, blind)).at(-1)!.merged_into_incident_id, visible.id);
  });

  it('come page by page, each once, of one incident and of all', async () => {
    const { id } = await createIncidentIo(api);
    await command(id, 'acknowledge');
    await command(id, 'resolve');
    for (const of of [`&incident_id=${id}`, '']) {
      const all = await updates(`?page_size=250${of}`);
      const paged: Json[] = [];
      for (let after = ''; ;) {
        const { body } = await api.get(`/v2/incident_updates?page_size=2${of}${after}`);
        paged.push(...body.incident_updates);
        assert.equal(body.pagination_meta.page_size, 2);
        if (body.pagination_meta.after === undefined) break;
        after = `&after=${body.pagination_meta.after}`;
      }
      assert.deepEqual(paged, all);
    }
    const foreign = await api.createOrganisation('Foreign');
    assert.deepEqual(await updates(`?incident_id=${id}`, foreign.key), []);
    const [first] = await updates(`?incident_id=${id}`);
    for (const [query, key, field] of [
      [`?after=${first!.id}`, foreign.key, 'after'],
      [`?after=${id}`, api.adminKey, 'after'],
      ['?after=x', api.adminKey, 'after'],
      ['?page_size=251', api.adminKey, 'page_size'],
      ['?page_size=0', api.adminKey, 'page_size'],
      ['?incident_id=INC-1', api.adminKey, 'incident_id'],
      ['?incident=x', api.adminKey, 'incident'],
    ] as const) {
      const refused = await api.get(`/v2/incident_updates${query}`, { key });
      assert.deepEqual([refused.status, faultySources(refused)], [422, [field]], query);
    }
  });
});
