import assert from 'node:assert/strict';
import type { Command } from '../../src/domain/incident/command.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createEndedWorkflowStore } from '../../src/stores/ended-workflows.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { recordIncident } from '../support/recorded-incident.ts';

const at = '2026-11-21T10:00:00.000Z';

describe('ended workflow store', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
  });
  after(() => database.drop());

  const endOf = async (id: string) => {
    const [row] = await database.sql`SELECT workflow_end FROM incidents WHERE id = ${id}`;
    return row!.workflowEnd as string | null;
  };

  it('marks an open incident once', async () => {
    const store = createEndedWorkflowStore(database.sql);
    const { id } = await recordIncident(database.sql, organisation);
    const [found] = await store.unmarked([id, 'not-an-id']);
    assert.deepEqual(found, { incidentId: id, sequence: 1 });
    assert.equal(await store.mark(found, 'terminated', at), true);
    assert.equal(await store.mark(found, 'terminated', at), false);
    assert.equal(await endOf(id), 'terminated');
    assert.deepEqual(await store.unmarked([id]), []);
  });

  it('leaves one alone that a command started again after it was looked at', async () => {
    const store = createEndedWorkflowStore(database.sql);
    const { id, apply } = await recordIncident(database.sql, organisation);
    const [found] = await store.unmarked([id]);
    await apply({ type: 'acknowledge' });
    assert.equal(await store.mark(found!, 'terminated', at), false);
    assert.equal(await endOf(id), null);
    const log = await database.sql`SELECT type FROM log_entries WHERE incident_id = ${id} ORDER BY sequence, index`;
    assert.deepEqual(
      log.map(({ type }) => type),
      ['triggered', 'acknowledged'],
    );
  });

  it('gives up its key, which it has again once it goes on, unless another one has it by then', async () => {
    const { organisationId } = organisation;
    const ended = createEndedWorkflowStore(database.sql);
    const transitions = createTransitionStore(database.sql, { ring: () => {} });
    const openers = async () =>
      (await database.sql`SELECT incident_id FROM incident_claims WHERE incident_key = 'disk'`).map(
        ({ incidentId }) => incidentId as string,
      );
    const record = async (state: IncidentState, command: object) => {
      const given = { agent: { type: 'operator', id: null, name: 'Ann' }, channel: 'api', ...command } as Command;
      const result = transition(state, given, at);
      assert.ok(result.accepted);
      assert.equal(await transitions.record(organisationId, state.incidentId, [result.transition]), null);
      return result.state;
    };
    const end = async ({ incidentId }: IncidentState) => {
      const [found] = await ended.unmarked([incidentId]);
      assert.equal(await ended.mark(found!, 'terminated', at), true);
      assert.deepEqual(await openers(), []);
    };
    const opened = await storeIncident(database.sql, organisation, {}, 'disk');
    const triggered = await record(opened, { type: 'trigger', id: 'trigger' });
    await end(triggered);
    const acknowledged = await record(triggered, { type: 'acknowledge', id: 'ack' });
    assert.deepEqual(await openers(), [opened.incidentId]);

    await end(acknowledged);
    const next = await storeIncident(database.sql, organisation, {}, 'disk');
    const noted = await record(acknowledged, { type: 'annotate', id: 'note', content: 'Seen' });
    assert.deepEqual(await openers(), [next.incidentId]);
    await record(noted, { type: 'resolve', id: 'end', resolution: null, rootCause: null });
    assert.deepEqual(await openers(), [next.incidentId]);
  });
});
