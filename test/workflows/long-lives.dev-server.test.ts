import assert from 'node:assert/strict';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import { Refusal } from '../../src/domain/error-code.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { incidentWorkflowId, workflowTypes } from '../../src/temporal/names.ts';
import type { incident } from '../../src/workflows/incident/incident.ts';
import { stateQuery } from '../../src/workflows/incident/messages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
const clients = 4;
const rounds = 35;
const signalsARound = 25;
const continueAfter = 500;
/** What may still come in while a run is about to hand over. */
const leeway = 500;

describe('long lives of incidents on the dev server', function () {
  this.timeout(300_000);
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

  /** Plays one incident; answers the lengths of its runs. */
  async function live(
    client: (send: Sender, number: number) => Promise<void>,
    stored: string[],
    handsOverAfter = continueAfter,
  ): Promise<number[]> {
    const state = await storeIncident(database.sql, organisation);
    const { organisationId, incidentId } = state;
    const workflowId = incidentWorkflowId(incidentId);
    const activities = createIncidentActivities(createTransitionStore(database.sql, { ring: () => {} }));
    const { opening } = createIncidentStore(database.sql);
    const incidents = createIncidentWorkflows(temporal.client, opening, temporal.taskQueue);
    const handle = temporal.client.workflow.getHandle<typeof incident>(workflowId);
    const send: Sender = {
      note: (id) => send.signal('note', id, { content: 'Signalled' }),
      signal: async (name, id, fields) => {
        stored.push(`signal:${id}`);
        await handle.signal(name, { id, ...fields });
      },
      joined: (count) => handle.signal('joined', { count, lastAt: state.createdAt }),
      update: async (id) => {
        stored.push(id);
        // Repeated under the same id while it is not confirmed, as clients are told to.
        const isDone = () =>
          incidents.command(organisationId, incidentId, { type: 'note', id, agent, content: 'Updated' }).then(
            () => true,
            (error: unknown) => {
              if (error instanceof Refusal && ['not_confirmed', 'unavailable'].includes(error.code)) return false;
              throw error;
            },
          );
        await poll(isDone, { timeoutMs: 120_000, what: id });
      },
    };
    await temporal.withWorker({ activities }, async () => {
      await temporal.client.workflow.start<typeof incident>(workflowTypes.incident, {
        workflowId,
        taskQueue: temporal.taskQueue,
        args: [{ state, continueAfter: handsOverAfter }],
      });
      await Promise.all(Array.from({ length: clients }, (_, number) => client(send, number)));
      await poll(async () => (await rowsOf(incidentId)).length === stored.length + 1, { timeoutMs: 120_000 });
      assert.equal((await handle.query(stateQuery)).lifecycle.sequence, stored.length + 1);
      await incidents.command(organisationId, incidentId, {
        ...{ type: 'resolve', id: 'end', agent, resolution: null, rootCause: null },
      });
      await handle.result();
    });
    assert.deepEqual((await rowsOf(incidentId)).sort(), [...stored, 'trigger', 'end'].sort());
    const [{ entries }] = (await database.sql`
      SELECT count(*) AS entries FROM log_entries WHERE incident_id = ${incidentId}`) as never as [{ entries: number }];
    assert.equal(entries, stored.length + 2, 'each has one entry in the log');

    return poll(async () => {
      const lengths: number[] = [];
      for await (const run of temporal.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
        if (run.status.name === 'RUNNING') return false;
        lengths.push(run.historyLength);
      }
      return lengths;
    });
  }

  const rowsOf = async (incidentId: string) =>
    (await database.sql<{ id: string }[]>`SELECT id FROM transitions WHERE incident_id = ${incidentId}`).map(
      ({ id }) => id,
    );

  it('pass from run to run under thousands of signals, and lose none of them', async () => {
    const lengths = await live(async (send, number) => {
      for (let round = 0; round < rounds; round++) {
        for (let index = 0; index < signalsARound; index++)
          await (index % 5 === 0
            ? send.note(`${number}-${round}-${index}`)
            : send.joined(round * signalsARound + index + 2));
        await send.update(`update-${number}-${round}`);
      }
    }, []);
    assert.ok(lengths.length >= 5, `${lengths.length} runs`);
    assert.ok(Math.max(...lengths) < continueAfter + leeway, `runs of ${lengths.join(', ')} events`);
  });

  it('pass from run to run although updates never pause', async () => {
    const lengths = await live(async (send, number) => {
      for (let round = 0; round < 150; round++) await send.update(`update-${number}-${round}`);
    }, []);
    assert.ok(lengths.length >= 3, `${lengths.length} runs`);
    assert.ok(Math.max(...lengths) < continueAfter + 100, `runs of ${lengths.join(', ')} events`);
  });

  it('hear what is signalled in the order in which it came, also where one run hands over to the next', async () => {
    const kinds = [
      ['status_update', { message: 'On it' }],
      ['note', { content: 'Seen' }],
      ['priority', { priority: 'P1' }],
      ['acknowledge', {}],
      ['unacknowledge', {}],
    ] as const;
    const sent: string[] = [];
    const lengths = await live(
      async (send, number) => {
        if (number > 0) return;
        for (let round = 0; round < 24; round++) {
          for (const [index, [name, fields]] of kinds.entries()) await send.signal(name, `${round}-${index}`, fields);
          await send.update(`update-${round}`);
        }
      },
      sent,
      40,
    );
    assert.ok(lengths.length >= 5, `${lengths.length} runs`);
    const rows = await database.sql<{ id: string }[]>`
      SELECT id FROM transitions WHERE incident_id = (SELECT incident_id FROM transitions WHERE id = 'update-23')
        AND id LIKE 'signal:%' ORDER BY sequence`;
    assert.deepEqual(
      rows.map(({ id }) => id),
      // An update may overtake the signals that came just before it.
      sent.filter((id) => id.startsWith('signal:')),
    );
  });
});

interface Sender {
  note(id: string): Promise<void>;
  signal(name: string, id: string, fields: object): Promise<void>;
  joined(count: number): Promise<void>;
  update(id: string): Promise<void>;
}
