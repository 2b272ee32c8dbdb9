import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { PageInput } from '../../src/activities/incident-activities.ts';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { PolicySnapshot } from '../../src/domain/escalation/policy.ts';
import type { Command } from '../../src/domain/incident/command.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { transition, type Transition } from '../../src/domain/incident/transition.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createTransitionStore, type TransitionStore } from '../../src/stores/transitions.ts';
import type { IncidentCommand, IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { incidentWorkflowId, workflowTypes } from '../../src/temporal/names.ts';
import type { incident } from '../../src/workflows/incident/incident.ts';
import { stateQuery } from '../../src/workflows/incident/messages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { patient } from '../support/patient.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
const level = { delay: 3_600, targets: [{ type: 'member' as const, id: uuid() }], assign: 'everyone' as const };
const policy = (): PolicySnapshot => ({
  id: uuid(),
  version: 1,
  name: 'P',
  levels: [level, level, level],
  repeat: 0,
  repeatFromLevel: 1,
  turn: 0,
});

describe('whom incidents ask, on the dev server', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let incidents: IncidentWorkflows;
  let transitions: TransitionStore;

  before(async () => {
    database = await createTestDatabase();
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
    transitions = createTransitionStore(database.sql, { ring: () => {} });
    const { opening } = createIncidentStore(database.sql);
    incidents = patient(createIncidentWorkflows(temporal.client, opening, temporal.taskQueue));
  });
  after(async () => {
    await temporal.close();
    await database.drop();
  });

  const handleOf = (state: IncidentState) =>
    temporal.client.workflow.getHandle<typeof incident>(incidentWorkflowId(state.incidentId));
  const escalationOf = async (state: IncidentState) => (await handleOf(state).query(stateQuery)).lifecycle.escalation;
  const command = (state: IncidentState, wish: object) =>
    incidents.command(state.organisationId, state.incidentId, { id: uuid(), agent, ...wish } as IncidentCommand);
  const resolve = async (state: IncidentState) => {
    await command(state, { type: 'resolve', resolution: null, rootCause: null });
    await handleOf(state).result();
  };
  const log = async ({ incidentId }: IncidentState) =>
    (await database.sql`SELECT type FROM log_entries WHERE incident_id = ${incidentId} ORDER BY sequence`).map(
      ({ type }) => type,
    );
  const working = <T>(
    more: { page?: (input: PageInput) => Promise<{ members: number; reachable: number }> } & Record<string, unknown>,
    work: () => Promise<T>,
  ) => temporal.withWorker({ activities: { ...createIncidentActivities(transitions), ...more } as never }, work);

  /** What a run did of which the next one knows nothing. */
  async function storeAhead(state: IncidentState, ...commands: object[]): Promise<void> {
    const stored: Transition[] = [];
    for (const given of commands) {
      const result = transition(state, { agent, channel: 'api', ...given } as Command, new Date().toISOString());
      assert.ok(result.accepted);
      state = result.state;
      stored.push(result.transition);
    }
    assert.equal(await transitions.record(state.organisationId, state.incidentId, stored), null);
  }

  it('are those whom the stored steps ask, when a run was lost after storing them', async () => {
    const state = await storeIncident(database.sql, organisation, { escalationPolicy: policy() });
    await storeAhead(
      state,
      { type: 'trigger', id: 'trigger' },
      { type: 'annotate', id: 'note', content: 'Seen' },
      { type: 'escalate', id: 'next' },
    );
    const pages: PageInput[] = [];
    const page = async (input: PageInput) => {
      pages.push(input);
      return { members: 1, reachable: 1 };
    };
    await working({ page }, async () => {
      await incidents.start(state);
      await poll(() => pages.length > 1, { what: 'both pages' });
      await resolve(state);
    });
    // Of the first level, what had come due before the next one was asked.
    assert.deepEqual(
      pages.map(({ sequence, kind, targets }) => [sequence, kind, targets]).sort(),
      [1, 3].map((sequence) => [sequence, 'level', level.targets]),
    );
  });

  it('are handed on when a level finds nobody, also when that is lost to what was stored before', async () => {
    const state = await storeIncident(database.sql, organisation, { escalationPolicy: policy() });
    const page = async ({ sequence }: PageInput) => {
      if (sequence > 1) return { members: 1, reachable: 1 };
      const after = { ...state, lifecycle: { ...state.lifecycle, sequence: 1 } };
      await storeAhead(after, { type: 'annotate', id: 'in between', content: 'Seen' });
      return { members: 0, reachable: 0 };
    };
    await working({ page }, async () => {
      await incidents.start(state);
      await poll(async () => (await escalationOf(state))?.level === 2, { what: 'the next level' });
      await resolve(state);
    });
    assert.deepEqual(await log(state), ['triggered', 'annotated', 'escalated', 'resolved']);
  });

  it('are not passed over because the level of another policy found nobody', async () => {
    const state = await storeIncident(database.sql, organisation, { escalationPolicy: policy() });
    let answerFirst = () => {};
    const isDelegated = new Promise<void>((answer) => (answerFirst = answer));
    const page = async ({ sequence }: PageInput) => {
      if (sequence > 1) return { members: 1, reachable: 1 };
      await isDelegated;
      return { members: 0, reachable: 0 };
    };
    await working({ page }, async () => {
      await incidents.start(state);
      await poll(async () => (await log(state)).length === 1);
      await command(state, { type: 'delegate', policy: policy() });
      answerFirst();
      await poll(async () => ((await handleOf(state).describe()).raw.pendingActivities ?? []).length === 0);
      await command(state, { type: 'note', content: 'Delegated' });
      await resolve(state);
    });
    assert.deepEqual(await log(state), ['triggered', 'delegated', 'annotated', 'resolved']);
  });

  it('have their urgency by support hours also after it was over for longer than these were known for', async () => {
    const past = { at: new Date(Date.now() - 86_400_000).toISOString(), to: 'low' as const };
    const next = { at: new Date(Date.now() + 86_400_000).toISOString(), to: 'low' as const };
    const state = await storeIncident(database.sql, organisation, { urgencyChanges: [past] });
    await working({ nextUrgencyChanges: async () => [next] }, async () => {
      await incidents.start(state);
      await resolve(state);
      await command(state, { type: 'reopen' });
      const pending = async () => (await handleOf(state).query(stateQuery)).lifecycle.pendingActions;
      await poll(async () => (await pending()).some(({ type, at }) => type === 'urgency_change' && at === next.at));
      await resolve(state);
    });
  });

  it('are asked after more was signalled at once than one activity can carry', async () => {
    const state = await storeIncident(database.sql, organisation);
    const handle = await temporal.client.workflow.start<typeof incident>(workflowTypes.incident, {
      workflowId: incidentWorkflowId(state.incidentId),
      taskQueue: temporal.taskQueue,
      args: [{ state }],
    });
    for (let index = 0; index < 49; index++)
      await handle.signal('note', { id: `note-${index}`, content: '漢'.repeat(15_000) });
    await working({}, async () => {
      await poll(async () => (await log(state)).length === 50, { timeoutMs: 60_000, what: 'all notes are stored' });
      await resolve(state);
    });
  });
});
