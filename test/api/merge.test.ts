import assert from 'node:assert/strict';
import { itself } from '../../src/domain/access/viewer.ts';
import { createResolveMerged } from '../../src/activities/resolve-merged.ts';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { startWorkingApi } from '../support/working-api.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('merging incidents over HTTP', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let memberId: string;

  before(async () => {
    api = await startWorkingApi();
    teamId = await api.defaultTeamId();
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
  });
  after(() => api.close());

  const open = async (incidentKey: string | null = null): Promise<Json> => {
    const draft = { name: 'API down', description: '', urgency: 'high', incident_key: incidentKey };
    const answer = await api.post(`/v1/team/${teamId}/incident`, draft);
    assert.equal(answer.status, 201, answer.text);
    await api.begun(answer.body.id);
    return answer.body;
  };
  const read = async (id: string): Promise<Json> => (await api.get(`/v1/incident/${id}`)).body;
  const log = async (id: string): Promise<Json[]> => (await api.get(`/v1/incident/${id}/log`)).body.log_entries;
  const types = async (id: string) => (await log(id)).map(({ type }) => type);
  const merge = (into: string, ids: unknown, more: Json = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', `/v1/incident/${into}/merge`, { json: { incident_ids: ids, ...more }, headers });
  const resolve = (id: string) => api.post(`/v1/incident/${id}/resolve`, {});

  it('resolves the others, says so on both sides, and moves their keys', async () => {
    const [target, a, b] = [await open(), await open('disk'), await open()];
    const merged = await merge(target.id, [a.id, b.id, a.id], { by: memberId });
    assert.equal(merged.status, 200, merged.text);
    assert.deepEqual([merged.body.id, merged.body.status, merged.body.merged_into], [target.id, 'triggered', null]);
    assert.deepEqual(await read(target.id), merged.body);
    const { type, agent, details } = (await log(target.id)).at(-1)!;
    assert.deepEqual([type, agent.name, details], ['merged', 'Ada', { incident_ids: [a.id, b.id] }]);
    for (const { id } of [a, b]) {
      const { status, merged_into, resolve_reason, pending_actions } = await read(id);
      assert.deepEqual([status, merged_into, resolve_reason, pending_actions], ['resolved', target.id, 'merged', []]);
      const last = (await log(id)).at(-1)!;
      assert.deepEqual([last.type, last.agent.name, last.details], ['resolved', 'Ada', { merged_into: target.id }]);
    }
    const taken = await api.post(`/v1/team/${teamId}/incident`, {
      ...{ name: 'A', description: '', urgency: 'low', incident_key: 'disk' },
    });
    assert.equal(taken.body.code, 'already_exists', 'the target has the key');

    const reopened = await api.post(`/v1/incident/${a.id}/reopen`, {});
    assert.deepEqual([reopened.status, reopened.body.code], [409, 'key_in_use']);
    await resolve(target.id);
    const free = (await api.post(`/v1/incident/${a.id}/reopen`, {})).body;
    assert.deepEqual([free.status, free.merged_into, free.resolve_reason], ['triggered', null, null]);
    await resolve(a.id);
  });

  it('does nothing twice, however often it is asked for', async () => {
    const [target, a, b] = [await open(), await open(), await open()];
    const key = { 'Idempotency-Key': `merge-${target.id}` };
    assert.equal((await merge(target.id, [a.id, b.id], {}, key)).status, 200);
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const answers = await Promise.all([
      merge(target.id, [a.id, b.id], {}, key),
      merge(target.id, [b.id]),
      merge(target.id, [b.id, a.id]),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    await resolve(target.id);
    assert.equal((await merge(target.id, [a.id])).status, 200, 'it is merged into it');
    assert.deepEqual(await types(target.id), ['triggered', 'merged', 'resolved']);
    for (const { id } of [a, b]) assert.deepEqual(await types(id), ['triggered', 'resolved']);
  });

  it('refuses what is over or elsewhere, and then merges nothing', async () => {
    const [target, a, over] = [await open(), await open(), await open()];
    await resolve(over.id);
    for (const [into, ids] of [
      [target.id, [a.id, over.id]],
      [over.id, [a.id]],
    ] as const) {
      const answer = await merge(into, ids);
      assert.deepEqual([answer.status, answer.body.code], [409, 'merge_conflict']);
      assert.match(answer.body.detail, new RegExp(`${over.reference} is resolved`));
    }
    assert.deepEqual([(await read(a.id)).status, (await read(a.id)).merged_into], ['triggered', null]);
    assert.deepEqual(await types(target.id), ['triggered']);
  });

  it('names every faulty field', async () => {
    const [target, a] = [await open(), await open()];
    const other = await api.createOrganisation('Other');
    const draft = { name: 'I', description: '', urgency: 'low' };
    const foreign = (await api.post(`/v1/team/${other.teamId}/incident`, draft, { key: other.key })).body;
    const faults: [unknown, string[]][] = [
      [[], ['incident_ids']],
      [Array.from({ length: 51 }, () => a.id), ['incident_ids']],
      [['x', a.id], ['incident_ids[0]']],
      [[a.id, target.id.toUpperCase()], ['incident_ids[1]']],
      [
        [unknown, a.id, foreign.id],
        ['incident_ids[0]', 'incident_ids[2]'],
      ],
    ];
    for (const [ids, fields] of faults) {
      const answer = await merge(target.id, ids);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, fields], answer.text);
    }
    assert.deepEqual(faultyFields(await merge(target.id, [target.id], { by: teamId })), ['by', 'incident_ids[0]']);
    assert.equal((await merge(foreign.id, [a.id])).status, 404);
    assert.equal((await read(a.id)).status, 'triggered');
  });

  it('of two opposite ones at once refuses one', async () => {
    for (let round = 0; round < 3; round++) {
      const [a, b] = [await open(), await open()];
      const answers = await Promise.all([merge(a.id, [b.id]), merge(b.id, [a.id])]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
      const after = [await read(a.id), await read(b.id)];
      assert.deepEqual(after.map(({ status }) => status).sort(), ['resolved', 'triggered']);
    }
  });

  it('is brought to its end by housekeeping where the API died meanwhile, once', async () => {
    const [target, a, b] = [await open(), await open(), await open()];
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    const { stores, workflows, logger } = api.deps;
    await stores.merges.claim(organisationId, target.id, [a.id, b.id], itself);
    assert.deepEqual([(await read(a.id)).status, (await read(a.id)).merged_into], ['triggered', target.id]);
    const resolveMerged = createResolveMerged({ merges: stores.merges, incidents: workflows, logger });
    await api.database.sql`UPDATE incidents SET merging_since = now() WHERE merging_into = ${target.id}`;
    assert.equal(await resolveMerged(10), 0, 'not while the API may still do it');
    await api.database
      .sql`UPDATE incidents SET merging_since = now() - interval '3 seconds' WHERE merging_into = ${target.id}`;
    assert.equal(await resolveMerged(10), 2);
    await resolveMerged(10);
    await poll(async () => (await read(a.id)).status === 'resolved' && (await read(b.id)).status === 'resolved');
    assert.equal(await resolveMerged(10), 0);
    assert.equal((await read(b.id)).resolve_reason, 'merged');
    for (const { id } of [a, b]) {
      const { type, channel, agent } = (await log(id)).at(-1)!;
      assert.deepEqual([type, channel, agent.name], ['resolved', 'signal', 'merge']);
    }
    // A repeat of the request makes up for the target's log.
    assert.equal((await merge(target.id, [a.id, b.id])).status, 200);
    assert.deepEqual(await types(target.id), ['triggered', 'merged']);
    assert.deepEqual(await types(a.id), ['triggered', 'resolved']);
  });
});
