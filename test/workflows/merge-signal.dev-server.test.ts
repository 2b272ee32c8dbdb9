import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { MergeActivities } from '../../src/activities/incident-activities.ts';
import { createMergeActivities } from '../../src/activities/merge-incidents.ts';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createMergeStore, mergeId } from '../../src/stores/merges.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import type { IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { patient } from '../support/patient.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;

describe('merging by signal, on the dev server', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let incidents: IncidentWorkflows;
  let merging: MergeActivities;

  before(async () => {
    database = await createTestDatabase();
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
    const { opening } = createIncidentStore(database.sql);
    incidents = patient(createIncidentWorkflows(temporal.client, opening, temporal.taskQueue));
    merging = createMergeActivities({ merges: createMergeStore(database.sql), incidents });
  });
  after(async () => {
    await temporal.close();
    await database.drop();
  });

  const working = (work: () => Promise<void>, mergeIncidents = merging.mergeIncidents) => {
    const recording = createIncidentActivities(createTransitionStore(database.sql, { ring: () => {} }));
    return temporal.withWorker({ activities: { ...recording, mergeIncidents } }, work);
  };
  const handleOf = (state: IncidentState) => temporal.client.workflow.getHandle(incidentWorkflowId(state.incidentId));
  const open = async (key: string | null = null) => {
    const state = await storeIncident(database.sql, organisation, {}, key);
    await incidents.start(state);
    await poll(async () => (await log(state)).length === 1);
    return state;
  };
  const log = async ({ incidentId }: IncidentState) => [
    ...(await database.sql<{ type: string; agent: { name: string }; channel: string; details: unknown }[]>`
      SELECT type, agent, channel, details FROM log_entries WHERE incident_id = ${incidentId} ORDER BY sequence`),
  ];
  const types = async (state: IncidentState) => (await log(state)).map(({ type }) => type);
  const merge = (into: IncidentState, from: IncidentState[], given: object = {}) =>
    handleOf(into).signal('merge', { incident_ids: from.map(({ incidentId }) => incidentId), ...given });
  const resolve = (state: IncidentState) =>
    incidents.command(state.organisationId, state.incidentId, {
      ...{ type: 'resolve', id: uuid(), agent, resolution: null, rootCause: null },
    });
  const detailsOf = async (state: IncidentState) =>
    (await handleOf(state).query<{ currentDetails?: string }>('__temporal_workflow_metadata')).currentDetails ?? '';
  const refusedFor = (state: IncidentState, reason: RegExp) =>
    poll(async () => reason.test(await detailsOf(state)), { what: String(reason) });

  it('resolves the others, moves their keys, and names on both sides who asked for it', async () => {
    await working(async () => {
      const [target, a, b] = [await open(), await open('disk'), await open()];
      await merge(target, [a, b, a], { by: 'Ann' });
      await poll(async () => (await types(target)).includes('merged'));
      const entry = (await log(target)).at(-1)!;
      const ids = [a, b].map(({ incidentId }) => incidentId);
      assert.deepEqual(
        [entry.type, entry.agent.name, entry.channel, entry.details],
        ['merged', 'Ann', 'signal', { incident_ids: ids }],
      );
      for (const source of [a, b]) {
        await handleOf(source).result();
        const last = (await log(source)).at(-1)!;
        assert.deepEqual(
          [last.type, last.agent.name, last.channel, last.details],
          ['resolved', 'Ann', 'signal', { merged_into: target.incidentId }],
        );
      }
      const [claim] = await database.sql`SELECT incident_id FROM incident_claims WHERE incident_key = 'disk'`;
      assert.equal(claim?.incidentId, target.incidentId);
      await resolve(target);
    });
  });

  it('does nothing twice, also when the activity runs again and the API asks for the same', async () => {
    let runs = 0;
    const lostOnce: MergeActivities['mergeIncidents'] = async (input) => {
      const result = await merging.mergeIncidents(input);
      if (runs++ === 0) throw new Error('the answer was lost');
      return result;
    };
    await working(async () => {
      const [target, a] = [await open(), await open()];
      await Promise.all([1, 2].map(() => merge(target, [a], { id: 'one', by: 'Ann' })));
      await merge(target, [a], { by: 'Ben' });
      await poll(() => runs === 4, { what: 'each signal has been dealt with' });
      await handleOf(a).result();
      const claimed = await createMergeStore(database.sql).claim(
        target.organisationId,
        target.incidentId,
        [a.incidentId],
        itself,
      );
      assert.ok('merges' in claimed);
      const { since, incidentIds } = claimed.merges[0]!;
      const id = mergeId(target.incidentId, since);
      await incidents.command(target.organisationId, target.incidentId, { type: 'merge', id, agent, incidentIds });
      await resolve(target);
      await handleOf(target).result();
      assert.deepEqual(await types(target), ['triggered', 'merged', 'resolved']);
      assert.deepEqual(await types(a), ['triggered', 'resolved']);
    }, lostOnce);
  });

  it('changes nothing where it is refused, and shows why until the next one', async () => {
    await working(async () => {
      const [target, over, other, elsewhere] = [await open(), await open(), await open(), await open()];
      const stranger = await storeIncident(database.sql, await insertOrganisation(database.sql));
      await resolve(over);
      await merge(target, [other, over]);
      await refusedFor(target, new RegExp(`INC-${over.number} is resolved`));
      await merge(target, [target]);
      await refusedFor(target, /is the incident itself/);
      await merge(target, [other, stranger]);
      await refusedFor(target, new RegExp(`no incident ${stranger.incidentId}`));
      await merge(elsewhere, [target]);
      await poll(async () => (await types(elsewhere)).includes('merged'));
      await handleOf(target).result();
      for (const malformed of [{ incident_ids: [] }, { incident_ids: 'all' }, { by: 7 }, null])
        await handleOf(elsewhere).signal('merge', malformed);
      await merge(elsewhere, [over]);
      await refusedFor(elsewhere, /is resolved/);
      await merge(elsewhere, [other], { by: 'Ann' });
      await poll(async () => (await types(elsewhere)).length === 3);
      assert.doesNotMatch(await detailsOf(elsewhere), /refused/);
      await resolve(elsewhere);
      assert.deepEqual(await types(target), ['triggered', 'resolved']);
      assert.deepEqual(await types(elsewhere), ['triggered', 'merged', 'merged', 'resolved']);
      assert.deepEqual(await types(other), ['triggered', 'resolved']);
    });
  });

  it('of two opposite ones at once lets one through', async () => {
    await working(async () => {
      const pair = [await open(), await open()] as const;
      await Promise.all([merge(pair[0], [pair[1]]), merge(pair[1], [pair[0]])]);
      const survivors = await poll(async () => {
        const logs = await Promise.all(pair.map(types));
        return logs.some((log) => log.includes('merged')) && logs.some((log) => log.includes('resolved')) && logs;
      });
      assert.deepEqual(survivors.map((log) => log.join()).sort(), ['triggered,merged', 'triggered,resolved']);
      await resolve(pair[survivors.findIndex((log) => log.includes('merged'))]!);
    });
  });

  it('keeps the run open until it is done, also when the incident is resolved meanwhile', async () => {
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => (goOn = resolve));
    let isClaimed = false;
    const slow: MergeActivities['mergeIncidents'] = async (input) => {
      const result = await merging.mergeIncidents(input);
      isClaimed = true;
      await waiting;
      return result;
    };
    await working(async () => {
      const [target, a] = [await open(), await open()];
      await merge(target, [a]);
      await poll(() => isClaimed);
      await resolve(target);
      goOn();
      await handleOf(target).result();
      assert.deepEqual(await types(target), ['triggered', 'resolved', 'merged']);
      assert.deepEqual(await types(a), ['triggered', 'resolved']);
    }, slow);
  });
});
