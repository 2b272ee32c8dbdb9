import assert from 'node:assert/strict';
import { Refusal } from '../../src/domain/error-code.ts';
import type { IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { startWorkingApi } from '../support/working-api.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('POST /v1/incident/bulk', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let memberId: string;
  let underWay = 0;
  let mostUnderWay = 0;
  /** Fails the commands to this incident. */
  let unconfirmed: string | undefined;
  let command: IncidentWorkflows['command'];

  before(async () => {
    api = await startWorkingApi();
    command = api.deps.workflows.command;
    api.deps.workflows.command = async (organisationId, incidentId, given) => {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      try {
        await command(organisationId, incidentId, given);
        // As when the answer comes too late.
        if (incidentId === unconfirmed) throw new Refusal('not_confirmed', 'Too late.');
      } finally {
        underWay -= 1;
      }
    };
    teamId = await api.defaultTeamId();
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
  });
  after(() => api.close());
  beforeEach(() => {
    mostUnderWay = 0;
    unconfirmed = undefined;
  });

  const open = async (count: number): Promise<string[]> => {
    const draft = { name: 'API down', description: '', urgency: 'high' };
    const answers = await Promise.all(
      Array.from({ length: count }, () => api.post(`/v1/team/${teamId}/incident`, draft)),
    );
    const ids = answers.map(({ body }) => body.id as string);
    for (const id of ids) await api.begun(id);
    return ids;
  };
  const bulk = (json: Json, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', '/v1/incident/bulk', { json, headers });
  const log = async (id: string): Promise<Json[]> => (await api.get(`/v1/incident/${id}/log`)).body.log_entries;
  const types = async (id: string) => (await log(id)).map(({ type }) => type);

  it('does or refuses each on its own, in the order given', async () => {
    const [a, b, c] = (await open(3)) as [string, string, string];
    await api.post(`/v1/incident/${b}/resolve`, {});
    await api.post(`/v1/incident/${c}/acknowledge`, {});
    const other = await api.createOrganisation('Other');
    const draft = { name: 'I', description: '', urgency: 'low' };
    const foreign = (await api.post(`/v1/team/${other.teamId}/incident`, draft, { key: other.key })).body.id;
    const { status, body, text } = await bulk({
      action: 'acknowledge',
      incident_ids: [c, a.toUpperCase(), unknown, b, foreign, a],
      by: memberId,
    });
    assert.equal(status, 200, text);
    assert.deepEqual(
      body.results.map(({ incident_id, status, code }: Json) => [incident_id, status, code]),
      [
        [c, 'refused', 'already_acknowledged'],
        [a, 'done', null],
        [unknown, 'refused', 'not_found'],
        [b, 'refused', 'incident_resolved'],
        [foreign, 'refused', 'not_found'],
        [a, 'done', null],
      ],
    );
    assert.ok(body.results.every(({ status, detail }: Json) => (status === 'done') === (detail === null)));
    assert.deepEqual(await types(a), ['triggered', 'acknowledged']);
    assert.equal((await log(a)).at(-1)!.agent.name, 'Ada');
    const theirs = (await api.get(`/v1/incident/${foreign}`, { key: other.key })).body;
    assert.equal(theirs.status, 'triggered');
  });

  it('resolves 250 with their texts, ten at once, and nothing twice for its key', async function () {
    this.timeout(120_000);
    const ids = await open(250);
    const request = { action: 'resolve', incident_ids: ids, resolution: 'Back', root_cause: 'Provider' };
    const key = { 'Idempotency-Key': `bulk-${ids[0]}` };
    const first = await bulk(request, key);
    assert.equal(first.status, 200, first.text);
    assert.ok(
      first.body.results.every(({ status }: Json) => status === 'done'),
      first.text,
    );
    assert.equal(mostUnderWay, 10);
    // As if the process had died after the commands and before their outcome was kept.
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const second = await bulk(request, key);
    assert.deepEqual([second.status, second.body], [200, first.body]);
    const [row] = await api.database.sql`
      SELECT count(*)::integer AS entries, count(DISTINCT incident_id)::integer AS incidents
      FROM log_entries WHERE incident_id = ANY(${ids}::uuid[]) AND type = 'resolved'`;
    assert.deepEqual({ ...row }, { entries: 250, incidents: 250 });
    const { resolution, root_cause } = (await api.get(`/v1/incident/${ids[7]}`)).body;
    assert.deepEqual([resolution, root_cause], ['Back', 'Provider']);
  });

  it('answers 503 when one cannot be confirmed, and tells of each when repeated under its key', async () => {
    const ids = await open(12);
    unconfirmed = ids[3];
    const request = { action: 'acknowledge', incident_ids: ids };
    const key = { 'Idempotency-Key': `bulk-${ids[0]}` };
    const first = await bulk(request, key);
    assert.deepEqual([first.status, first.body.code], [503, 'not_confirmed']);
    assert.ok(first.headers.get('Retry-After'));
    unconfirmed = undefined;
    const second = await bulk(request, key);
    assert.deepEqual(
      second.body.results.map(({ status }: Json) => status),
      ids.map(() => 'done'),
    );
    for (const id of ids) assert.deepEqual(await types(id), ['triggered', 'acknowledged']);
  });

  it('names every faulty field, and does nothing', async () => {
    const [a] = await open(1);
    const faults: [Json, string[]][] = [
      [{}, ['action']],
      [{ action: 'escalate', incident_ids: [a] }, ['action']],
      [{ action: 'acknowledge' }, ['incident_ids']],
      [{ action: 'acknowledge', incident_ids: [] }, ['incident_ids']],
      [{ action: 'acknowledge', incident_ids: Array.from({ length: 251 }, () => a) }, ['incident_ids']],
      [{ action: 'acknowledge', incident_ids: ['x'], resolution: 'Back' }, ['incident_ids[0]', 'resolution']],
      [{ action: 'resolve', incident_ids: [a], root_cause: 'x'.repeat(15_001), by: 'Ada' }, ['by', 'root_cause']],
      [{ action: 'resolve', incident_ids: [a], by: teamId }, ['by']],
    ];
    for (const [json, fields] of faults) {
      const answer = await bulk(json);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, fields], answer.text);
    }
    assert.deepEqual(await types(a!), ['triggered']);
    assert.equal((await api.get('/v1/incident/bulk')).status, 405);
  });
});
