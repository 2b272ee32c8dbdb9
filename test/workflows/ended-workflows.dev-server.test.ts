import assert from 'node:assert/strict';
import { createNoticeEndedWorkflows } from '../../src/activities/notice-ended-workflows.ts';
import { createEndedWorkflowStore } from '../../src/stores/ended-workflows.ts';
import { createEndedWorkflows } from '../../src/temporal/ended-workflows.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

describe('workflows that an operator ended', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;

  before(async () => {
    database = await createTestDatabase();
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
  });
  after(async () => {
    await temporal.close();
    await database.drop();
  });

  const start = (incidentId: string, state: object) =>
    temporal.client.workflow.start('incident', {
      workflowId: incidentWorkflowId(incidentId),
      taskQueue: temporal.taskQueue,
      args: [{ state }],
    });
  const chore = () =>
    createNoticeEndedWorkflows({
      workflows: createEndedWorkflows(temporal.client),
      store: createEndedWorkflowStore(database.sql),
    });
  const row = async (id: string) => {
    const [found] = await database.sql`SELECT workflow_end, workflow_ended_at FROM incidents WHERE id = ${id}`;
    return found!;
  };

  it('are shown as such, once, and give up their key', async () => {
    const states = await Promise.all(
      ['terminated', 'cancelled', 'running again', 'running'].map((key) =>
        storeIncident(database.sql, organisation, {}, key),
      ),
    );
    const handles = await Promise.all(states.map((state) => start(state.incidentId, state)));
    await handles[0]!.terminate('by hand');
    await temporal.withWorker({ activities: { recordTransitions: async () => null } }, async () => {
      await handles[1]!.cancel();
      await handles[1]!.result().catch(() => undefined);
    });
    await handles[2]!.terminate('by hand');
    await start(states[2]!.incidentId, states[2]!);

    const notice = chore();
    let found = 0;
    // Temporal lists what ended a moment later.
    await poll(async () => (found += await notice()) >= 2, { timeoutMs: 60_000 });
    assert.equal(found, 2);
    const ends = await Promise.all(states.map(async ({ incidentId }) => (await row(incidentId)).workflowEnd));
    assert.deepEqual(ends, ['terminated', 'cancelled', null, null]);
    const log = await database.sql`
      SELECT type, details FROM log_entries WHERE incident_id = ${states[0]!.incidentId}`;
    assert.deepEqual(
      log.map((entry) => [entry.type, entry.details]),
      [['workflow_terminated', { how: 'terminated' }]],
    );
    assert.equal(await chore()(), 0);
    // The key is free.
    await storeIncident(database.sql, organisation, {}, 'terminated');
    await assert.rejects(storeIncident(database.sql, organisation, {}, 'running'), { code: 'already_exists' });
    await Promise.all(
      [2, 3].map((index) => temporal.client.workflow.getHandle(handles[index]!.workflowId).terminate()),
    );
  });
});
