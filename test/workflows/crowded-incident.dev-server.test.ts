import assert from 'node:assert/strict';
import type { Config } from '../../src/config.ts';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTemporalClient } from '../../src/temporal/connection.ts';
import type { IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { patient } from '../support/patient.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
/** More than a workflow takes at once. */
const crowd = Array.from({ length: 25 }, (_, index) => `note ${index}`);

describe('an incident that many write to at once', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let own: ReturnType<typeof createTemporalClient>;

  before(async () => {
    database = await createTestDatabase();
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
    const config = { temporalAddress: process.env.TEST_TEMPORAL_ADDRESS, temporalNamespace: 'default' } as Config;
    own = createTemporalClient(config, {});
  });
  after(async () => {
    await own.connection.close();
    await temporal.close();
    await database.drop();
  });

  async function write(confirming = (workflows: IncidentWorkflows) => workflows) {
    const state = await storeIncident(database.sql, organisation);
    const { opening } = createIncidentStore(database.sql);
    const incidents = confirming(createIncidentWorkflows(own.client, opening, temporal.taskQueue));
    await incidents.start(state);
    const { organisationId, incidentId } = state;
    return Promise.all(
      crowd.map(async (id) => {
        const sentAt = performance.now();
        const note = { type: 'note', id, agent, content: id } as const;
        const refusal: unknown = await incidents.command(organisationId, incidentId, note).then(
          () => null,
          (error: { code: unknown }) => error.code,
        );
        return { refusal, tookMs: performance.now() - sentAt };
      }),
    );
  }

  it('tells everybody in time that nothing is confirmed while no worker answers', async () => {
    for (const { refusal, tookMs } of await write()) {
      assert.ok(refusal === 'not_confirmed' || refusal === 'unavailable', String(refusal));
      // Five seconds, and not for as long as the workflow waits.
      assert.ok(tookMs < 20_000, `it took ${tookMs} ms`);
    }
  });

  it('confirms each of them while one does', async () => {
    const activities = createIncidentActivities(createTransitionStore(database.sql, { ring: () => {} }));
    const answers = await temporal.withWorker({ activities }, () => write(patient));
    assert.deepEqual(
      answers.map(({ refusal }) => refusal),
      crowd.map(() => null),
    );
  });
});
