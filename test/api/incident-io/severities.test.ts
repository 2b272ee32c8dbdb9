import assert from 'node:assert/strict';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import type { Transaction } from '../../../src/stores/sql.ts';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { storeOpenIncident } from '../../support/open-incident.ts';
import { poll } from '../../support/poll.ts';

describe('severities', () => {
  let api: TestApi;
  let teamId: string;
  before(async () => {
    api = await startTestApi();
    teamId = await api.defaultTeamId();
  });
  after(() => api.close());

  const create = async (draft: Json): Promise<Json> => {
    const answer = await api.post('/v1/severities', draft);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.severity;
  };
  const change = async (id: string, json: Json): Promise<Json> => {
    const answer = await api.send('PUT', `/v1/severities/${id}`, { json });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.severity;
  };
  /** An incident with that label. */
  const incidentWith = async (severity: string | null): Promise<string> => {
    const id = await storeOpenIncident(api, teamId);
    await api.database.sql`UPDATE incidents SET severity = ${severity} WHERE id = ${id}`;
    return id;
  };
  /** The label of an incident, and the severity that it stands for. */
  const severityOf = async (id: string): Promise<[label: string | null, severity: string | null]> => {
    const [row] = await api.database.sql<{ severity: string | null; severityId: string | null }[]>`
      SELECT severity, severity_id FROM incidents WHERE id = ${id}`;
    return [row!.severity, row!.severityId && ulidOf(row!.severityId)];
  };

  it('are Minor, Major and Critical from the start, with descriptions and ranks', async () => {
    const { key } = await api.createOrganisation('New');
    const { severities } = (await api.get('/v1/severities', { key })).body;
    assert.deepEqual(
      severities.map(({ name, rank }: Json) => [name, rank]),
      [
        ['Minor', 1],
        ['Major', 2],
        ['Critical', 3],
      ],
    );
    for (const { description } of severities) assert.match(description, /\w/);
  });

  it('are listed by rank, a new one without rank last', async () => {
    const { key } = await api.createOrganisation('Ranks');
    const make = async (json: Json) => (await api.post('/v1/severities', json, { key })).body.severity;
    assert.equal((await make({ name: 'Worst' })).rank, 4);
    assert.equal((await make({ name: 'Far worse', rank: 90 })).rank, 90);
    assert.equal((await make({ name: 'The worst' })).rank, 91);
    const { id, description } = await make({ name: 'Nothing', rank: 0 });
    assert.equal(description, '');
    const names = async () => (await api.get('/v1/severities', { key })).body.severities.map(({ name }: Json) => name);
    assert.deepEqual(await names(), ['Nothing', 'Minor', 'Major', 'Critical', 'Worst', 'Far worse', 'The worst']);
    await api.send('PUT', `/v1/severities/${id}`, { key, json: { rank: 50 } });
    assert.deepEqual((await names())[4], 'Nothing');
  });

  it('are found by the label of an incident, and from their creation on', async () => {
    const before = await incidentWith('sev1');
    assert.deepEqual(await severityOf(before), ['sev1', null]);
    const { id } = await create({ name: 'SEV1' });
    assert.deepEqual(await severityOf(before), ['sev1', id]);
    assert.deepEqual(await severityOf(await incidentWith('Sev1')), ['Sev1', id]);
    assert.deepEqual(await severityOf(await incidentWith('SEV10')), ['SEV10', null]);
  });

  it('take the labels of incidents along when they are renamed', async () => {
    const { id } = await create({ name: 'SEV2' });
    const [its, other] = [await incidentWith('sev2'), await incidentWith('Minor')];
    const waiting = await incidentWith('Severe');
    const [, minor] = await severityOf(other);
    await change(id, { name: 'Severe' });
    assert.deepEqual(await severityOf(its), ['Severe', id]);
    assert.deepEqual(await severityOf(other), ['Minor', minor]);
    assert.deepEqual(await severityOf(waiting), ['Severe', id]);
    await change(id, { description: 'No other name' });
    assert.deepEqual(await severityOf(its), ['Severe', id]);
  });

  it('leave their labels behind when they are deleted, and are found again', async () => {
    const { id } = await create({ name: 'Gone' });
    const incident = await incidentWith('Gone');
    assert.equal((await api.send('DELETE', `/v1/severities/${id}`)).status, 204);
    assert.deepEqual(await severityOf(incident), ['Gone', null]);
    assert.deepEqual(await severityOf(await incidentWith('Gone')), ['Gone', null]);
    const again = await create({ name: 'Gone' });
    assert.notEqual(again.id, id);
    assert.deepEqual(await severityOf(incident), ['Gone', again.id]);
  });

  it('end at the highest rank there is, and take it back', async () => {
    const { key } = await api.createOrganisation('Highest');
    const make = async (json: Json) => (await api.post('/v1/severities', json, { key })).body.severity;
    await make({ name: 'Highest', rank: 1_000_000_000 });
    const { id, ...last } = await make({ name: 'Higher still' });
    assert.equal(last.rank, 1_000_000_000);
    assert.equal((await api.send('PUT', `/v1/severities/${id}`, { key, json: last })).status, 200);
  });

  /** Opens an incident with the label while a transaction that does `work` to the severity is under way. */
  const openDuring = async (label: string, work: (tx: Transaction) => Promise<unknown>): Promise<string> => {
    const incident = await incidentWith(null);
    let labelled: Promise<unknown> | undefined;
    await api.database.sql.begin(async (tx) => {
      await work(tx);
      const [own] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      labelled = api.database.sql`UPDATE incidents SET severity = ${label} WHERE id = ${incident}`.execute();
      const waits = async () =>
        (await api.database.sql`SELECT FROM pg_stat_activity WHERE ${own!.pid} = ANY(pg_blocking_pids(pid))`).length >
        0;
      await poll(waits, { what: 'the incident waits for the severity' });
    });
    await labelled;
    return incident;
  };

  it('that are renamed or deleted meanwhile are none of an incident that has their label', async () => {
    const [{ id: renamed }, { id: deleted }] = [await create({ name: 'Renamed' }), await create({ name: 'Deleted' })];
    const organisationId = (await api.get('/v1/organisation')).body.id;
    const { severities } = api.deps.stores;
    const rename = (tx: Transaction) => severities.update(organisationId, uuidOfUlid(renamed)!, { name: 'Anew' }, tx);
    assert.deepEqual(await severityOf(await openDuring('Renamed', rename)), ['Renamed', null]);
    const remove = (tx: Transaction) => severities.remove(organisationId, uuidOfUlid(deleted)!, tx);
    assert.deepEqual(await severityOf(await openDuring('Deleted', remove)), ['Deleted', null]);
  });

  it('have nothing to do with the incidents of others', async () => {
    const incident = await incidentWith('Theirs');
    const { key } = await api.createOrganisation('Strangers');
    const { id } = (await api.post('/v1/severities', { name: 'Theirs' }, { key })).body.severity;
    await api.send('PUT', `/v1/severities/${id}`, { key, json: { name: 'Renamed' } });
    assert.deepEqual(await severityOf(incident), ['Theirs', null]);
  });
});
