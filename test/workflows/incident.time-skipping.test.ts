import assert from 'node:assert/strict';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { searchAttributeKeys } from '../../src/temporal/search-attribute-keys.ts';
import { addSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import type { incident } from '../../src/workflows/incident/incident.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { quietRuntime } from '../support/temporal.ts';

/** Any but the product's: effects then run on it, too. */
const taskQueue = 'time-skipping';

describe('incident workflow under time skipping', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let environment: TestWorkflowEnvironment;

  before(async () => {
    quietRuntime();
    const path = process.env.TEMPORAL_TEST_SERVER;
    if (!path) throw new Error('TEMPORAL_TEST_SERVER is not set: run tests with `npm test -- <file>`');
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    environment = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  });
  // This server can't list them, so all are added.
  before(() => addSearchAttributes(environment.connection, 'default', searchAttributeKeys));
  after(async () => {
    await environment?.teardown();
    await database?.drop();
  });

  /** Runs a story on skipped time; answers the log as [type, seconds since the incident opened]. */
  async function tell(
    overrides: Partial<IncidentState>,
    story: (handle: {
      signal(name: string, input?: object): Promise<void>;
      pass(seconds: number): Promise<void>;
      /** An occurrence joins; the workflow hears of it, or not yet. */
      join(heard: boolean): Promise<void>;
    }) => Promise<void>,
  ): Promise<[string, number][]> {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: {
        ...createIncidentActivities(createTransitionStore(database.sql, { ring: () => {} })),
        page: async () => ({ members: 1, reachable: 1 }),
      },
    });
    const createdAt = new Date(await environment.currentTimeMs()).toISOString();
    const state = await storeIncident(database.sql, organisation, { createdAt, ...overrides });
    await worker.runUntil(async () => {
      const handle = await environment.client.workflow.start<typeof incident>('incident', {
        workflowId: incidentWorkflowId(state.incidentId),
        taskQueue,
        args: [{ state }],
      });
      await story({
        signal: (name, input = {}) => handle.signal(name, input),
        pass: (seconds) => environment.sleep(seconds * 1_000),
        async join(heard) {
          const lastAt = new Date(await environment.currentTimeMs()).toISOString();
          await database.sql`
            UPDATE incidents SET last_occurrence_at = ${lastAt}, occurrences = occurrences + 1 WHERE id = ${state.incidentId}`;
          if (heard) await handle.signal('joined', { count: 2, lastAt });
        },
      });
      await handle.result();
    });
    const entries = await database.sql<{ type: string; at: string }[]>`
      SELECT type, at FROM log_entries WHERE incident_id = ${state.incidentId} ORDER BY sequence`;
    // To ten seconds: between two skips time goes on by itself, more of it on a loaded machine.
    return entries.map(({ type, at }) => [type, Math.floor((Date.parse(at) - Date.parse(createdAt)) / 10_000) * 10]);
  }

  it('nobody answers: resolves itself four hours after its creation', async () => {
    assert.deepEqual(await tell({}, async () => {}), [
      ['triggered', 0],
      ['resolved', 14_400],
    ]);
  });

  it('an acknowledgement lapses after thirty minutes and does not move the auto-resolve', async () => {
    const log = await tell({}, async ({ signal, pass }) => {
      await pass(600);
      await signal('acknowledge');
      await pass(3_000);
      await signal('acknowledge');
      await pass(100);
      await signal('escalate');
    });
    assert.deepEqual(log, [
      ['triggered', 0],
      ['acknowledged', 600],
      ['unacknowledged', 2_400],
      ['acknowledged', 3_600],
      ['escalated', 3_700],
      ['resolved', 14_400],
    ]);
  });

  it('timeouts are the incident’s own, and null switches them off', async () => {
    const log = await tell({ acknowledgementTimeout: null, autoResolveTimeout: 90 * 24 * 3_600 }, async ({ signal }) =>
      signal('acknowledge'),
    );
    assert.deepEqual(log, [
      ['triggered', 0],
      ['acknowledged', 0],
      ['resolved', 90 * 24 * 3_600],
    ]);
  });

  it('a resolve stops the timers', async () => {
    const log = await tell({}, async ({ signal, pass }) => {
      await signal('acknowledge');
      await pass(60);
      await signal('resolve');
      await pass(20_000);
    });
    assert.deepEqual(log, [
      ['triggered', 0],
      ['acknowledged', 0],
      ['resolved', 60],
    ]);
  });

  it('quiet resolves it after the last occurrence, told of or not', async () => {
    const log = await tell({ quietResolveTimeout: 600 }, async ({ join, pass, signal }) => {
      await pass(500);
      await join(true);
      await pass(100);
      await signal('acknowledge');
      await pass(450);
      await join(false);
    });
    assert.deepEqual(log, [
      ['triggered', 0],
      ['acknowledged', 600],
      ['resolved', 1_650],
    ]);
  });

  it('quiet without any further occurrence counts from the opening, and the age limit stays', async () => {
    assert.deepEqual(await tell({ quietResolveTimeout: 60 }, async () => {}), [
      ['triggered', 0],
      ['resolved', 60],
    ]);
    const noisy = await tell({ quietResolveTimeout: 60, autoResolveTimeout: 100 }, async ({ join, pass }) => {
      await pass(50);
      await join(true);
    });
    assert.deepEqual(noisy, [
      ['triggered', 0],
      ['resolved', 100],
    ]);
  });
});
