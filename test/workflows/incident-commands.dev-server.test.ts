import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import type { IncidentCommand, IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import type { incident } from '../../src/workflows/incident/incident.ts';
import { stateQuery } from '../../src/workflows/incident/messages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { patient } from '../support/patient.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;

type Wish = IncidentCommand extends infer Command
  ? Command extends unknown
    ? Omit<Command, 'id' | 'agent'>
    : never
  : never;

describe('commands to incidents on the dev server', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let incidents: IncidentWorkflows;
  let working: <T>(work: () => Promise<T>) => Promise<T>;

  before(async () => {
    database = await createTestDatabase();
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
    const recording = createIncidentActivities(createTransitionStore(database.sql, { ring: () => {} }));
    // Whom they ask is not their affair.
    const activities = { ...recording, page: async () => ({ members: 1, reachable: 1 }) };
    const { opening } = createIncidentStore(database.sql);
    incidents = patient(createIncidentWorkflows(temporal.client, opening, temporal.taskQueue));
    working = (work) => temporal.withWorker({ activities }, work);
  });
  after(async () => {
    await temporal.close();
    await database.drop();
  });

  const store = (overrides: Partial<IncidentState> = {}, key: string | null = null) =>
    storeIncident(database.sql, organisation, overrides, key);
  const handleOf = (state: IncidentState) =>
    temporal.client.workflow.getHandle<typeof incident>(incidentWorkflowId(state.incidentId));
  const command = (state: IncidentState, id: string, wish: Wish) =>
    incidents.command(state.organisationId, state.incidentId, { ...wish, id, agent } as IncidentCommand);
  const resolve = (state: IncidentState, id = 'end') =>
    command(state, id, { type: 'resolve', resolution: null, rootCause: null });
  const log = async ({ incidentId }: IncidentState) =>
    (await database.sql`SELECT type FROM log_entries WHERE incident_id = ${incidentId} ORDER BY sequence`).map(
      ({ type }) => type,
    );
  const runIdOf = async (state: IncidentState) => (await handleOf(state).describe()).runId;
  const started = async (state: IncidentState) => {
    await incidents.start(state);
    await poll(async () => (await log(state)).length > 0);
  };
  /** Resolved, and its workflow has ended. */
  const over = async (state: IncidentState) => {
    await started(state);
    await resolve(state);
    await handleOf(state).result();
    return runIdOf(state);
  };

  it('start the workflow of a resolved incident again, which ends once all is stored', async () => {
    const state = await store();
    await working(async () => {
      const firstRun = await over(state);
      await command(state, 'note', { type: 'note', content: 'Looked into it' });
      assert.deepEqual(await log(state), ['triggered', 'resolved', 'annotated']);
      await handleOf(state).result();
      assert.notEqual(await runIdOf(state), firstRun);
      await command(state, 'texts', {
        ...{ type: 'change', changes: { name: 'Was down' }, priority: { to: 'P2' }, actions: [], status: null },
      });
      await command(state, 'update', { type: 'status_update', message: 'Over' });
    });
    assert.deepEqual(await log(state), [
      ...['triggered', 'resolved', 'annotated'],
      ...['updated', 'priority_updated', 'status_update_published'],
    ]);
    const [row] = await database.sql`
      SELECT status, name, priority, sequence FROM incidents WHERE id = ${state.incidentId}`;
    assert.deepEqual({ ...row }, { status: 'resolved', name: 'Was down', priority: 'P2', sequence: 6 });
  });

  it('do not start it for what a resolved incident refuses', async () => {
    const state = await store();
    await working(async () => {
      const run = await over(state);
      for (const wish of [
        { type: 'acknowledge' },
        { type: 'snooze', duration: 60 },
        { type: 'merged', into: uuid() },
      ] as const)
        await assert.rejects(command(state, wish.type, wish), { code: 'incident_resolved' });
      await assert.rejects(command({ ...state, organisationId: uuid() }, 'note', { type: 'note', content: 'x' }), {
        code: 'not_found',
      });
      assert.equal(await runIdOf(state), run);
    });
  });

  it('reopen it with its timers, its key and the memory of what it has been told', async () => {
    const state = await store({ autoResolveTimeout: 3_600 }, 'disk');
    await working(async () => {
      await over(state);
      await Promise.all([1, 2, 3].map(() => command(state, 'again', { type: 'reopen' })));
      const { lifecycle } = await handleOf(state).query(stateQuery);
      assert.deepEqual(
        lifecycle.pendingActions.map(({ type, generation }) => [type, generation]),
        [['resolve', 2]],
      );
      // A repeat of what an earlier run did.
      await resolve(state, 'end');
      assert.deepEqual(await log(state), ['triggered', 'resolved', 'reopened']);
      const query = `TocsinNumber = ${state.number} AND TocsinOrganisation = '${state.organisationId}' AND TocsinStatus = 'triggered' AND ExecutionStatus = 'Running'`;
      await poll(async () => (await temporal.client.workflow.count(query)).count === 1);
      assert.equal(await (await handleOf(state).describe()).staticSummary(), `INC-${state.number}`);
      const [claim] = await database.sql`SELECT incident_id FROM incident_claims WHERE incident_key = 'disk'`;
      assert.equal(claim?.incidentId, state.incidentId);
      await resolve(state, 'second end');
      await handleOf(state).result();
      await command(state, 'again', { type: 'reopen' });
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved', 'reopened', 'resolved']);
  });

  it('are refused key_in_use when another incident has the key, and the workflow ends again', async () => {
    const state = await store({}, 'cpu');
    await working(async () => {
      await over(state);
      const other = await store({}, 'cpu');
      await assert.rejects(command(state, 'again', { type: 'reopen' }), { code: 'key_in_use' });
      await handleOf(state).result();
      await over(other);
      await command(state, 'again later', { type: 'reopen' });
      await resolve(state, 'second end');
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved', 'reopened', 'resolved']);
  });

  it('start the workflow of an open incident again that an operator ended, where it stood', async () => {
    const state = await store({ acknowledgementTimeout: 3_600 });
    await working(async () => {
      await started(state);
      await incidents.joined(state.incidentId, { count: 3, lastAt: state.createdAt });
      await database.sql`
        UPDATE incidents SET occurrences = 3, last_occurrence_at = ${state.createdAt} WHERE id = ${state.incidentId}`;
      await command(state, 'ack', { type: 'acknowledge' });
      const { lifecycle: before } = await handleOf(state).query(stateQuery);
      await handleOf(state).terminate('by hand');
      await assert.rejects(command(state, 'open', { type: 'reopen' }), { code: 'not_resolved' });
      const { lifecycle } = await handleOf(state).query(stateQuery);
      assert.deepEqual(lifecycle, before, 'a refusal changes nothing');
      await handleOf(state).terminate('by hand again');
      await command(state, 'ack', { type: 'acknowledge' });
      await command(state, 'note', { type: 'note', content: 'Who ended it?' });
      assert.match((await detailsOf(state)) ?? '', /3 occurrences/);
      await resolve(state);
    });
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'annotated', 'resolved']);
  });

  it('begin at the opening when the workflow was ended before that was stored', async () => {
    const state = await store();
    await incidents.start(state);
    await handleOf(state).terminate('at once');
    await working(() => command(state, 'ack', { type: 'acknowledge' }));
    assert.deepEqual(await log(state), ['triggered', 'acknowledged']);
  });

  it('tell sources that they were merged, whether their workflow runs or not', async () => {
    const [running, ended, resolved] = [await store(), await store(), await store()];
    const into = { incidentId: uuid(), since: '2026-11-21T05:09:43.123456Z' };
    await working(async () => {
      await started(running);
      await started(ended);
      await handleOf(ended).terminate('by hand');
      const run = await over(resolved);
      for (const state of [running, ended, resolved, running, ended])
        await incidents.merged(state.organisationId, state.incidentId, into);
      await handleOf(running).result();
      await handleOf(ended).result();
      assert.equal(await runIdOf(resolved), run);
    });
    for (const state of [running, ended]) {
      assert.deepEqual(await log(state), ['triggered', 'resolved']);
      const [row] = await database.sql`SELECT lifecycle FROM incidents WHERE id = ${state.incidentId}`;
      assert.equal(row?.lifecycle.resolveReason, 'merged');
    }
  });

  it('are all signals, too, each logged with who sent it; malformed ones are dropped', async () => {
    const state = await store();
    const [member, other] = [uuid(), uuid()];
    const target = { type: 'member', id: member };
    const level = { delay: 60, targets: [target], assign: 'everyone' };
    const policy = {
      id: uuid(),
      version: 1,
      name: 'P',
      levels: [level, level],
      repeat: 0,
      repeatFromLevel: 1,
      turn: 0,
    };
    const at = new Date(Date.now() + 60_000).toISOString();
    const signals: [string, Record<string, unknown>, string][] = [
      ['snooze', { duration: 60 }, 'snoozed'],
      ['unacknowledge', {}, 'unacknowledged'],
      ['reassign', { assignees: [target] }, 'reassigned'],
      ['delegate', { policy }, 'delegated'],
      ['escalate', { level: 2 }, 'escalated'],
      ['note', { content: 'Seen' }, 'annotated'],
      ['priority', { priority: 'P1' }, 'priority_updated'],
      ['responder', { member_ids: [member, other], message: 'Help' }, 'responder_added'],
      ['responder_reply', { member_id: other, reply: 'declined' }, 'responder_replied'],
      ['status_update', { message: 'On it' }, 'status_update_published'],
      ['conference_bridge', { url: 'https://meet.example.com' }, 'conference_bridge_updated'],
      ['pending_action', { type: 'escalate', at }, 'pending_action_changed'],
    ];
    const ending: [string, Record<string, unknown>, string] = ['merged', { incident_id: other }, 'resolved'];
    await working(async () => {
      await started(state);
      for (const [name, given] of signals) {
        for (const broken of Object.keys(given)) await handleOf(state).signal(name, { ...given, [broken]: {} });
        const before = (await log(state)).length;
        // Twice with one id is once.
        for (let time = 0; time < 2; time++) await handleOf(state).signal(name, { ...given, id: name, by: 'Ann' });
        await poll(async () => (await log(state)).length > before, { what: name });
      }
      const [name, given] = ending;
      await handleOf(state).signal('reopen', { by: 'too early' });
      await handleOf(state).signal(name, { incident_id: 'x' });
      await handleOf(state).signal(name, { ...given, by: 'Ann' });
      await handleOf(state).result();
    });
    const entries = await database.sql`
      SELECT type, agent, channel FROM log_entries WHERE incident_id = ${state.incidentId} ORDER BY sequence`;
    assert.deepEqual(
      entries.slice(1).map(({ type, channel, agent: who }) => [type, channel, who.type, who.name]),
      [...signals, ending].map(([, , type]) => [type, 'signal', 'operator', 'Ann']),
    );
  });

  it('that could never be stored are refused', async () => {
    const state = await store();
    await working(async () => {
      await started(state);
      const endless = {
        ...{ id: uuid(), version: 1, name: 'P', repeat: 0, repeatFromLevel: 1, turn: 0 },
        levels: [{ delay: 60, targets: [{ type: 'member', id: uuid() }], assign: 'everyone' }],
      };
      const refused: [string, Record<string, unknown>][] = [
        ['snooze', { duration: 604_801 }],
        ['escalate', { level: 'two' }],
        ['reassign', { assignees: [{ type: 'dog', id: uuid() }] }],
        ['delegate', { policy: { id: uuid() } }],
        ['note', { content: '\0' }],
        ['note', { content: 'x', agent: {} }],
        ['priority', { priority: 'x'.repeat(65) }],
        ['responder', { member_ids: [] }],
        ['pending_action', { type: 'dance', at: null }],
        ['pending_action', { type: 'resolve', at: '9999-12-31T00:00:00Z' }],
        ['delegate', { policy: { ...endless, levels: [{ ...endless.levels[0], delay: 0 }] } }],
        ['delegate', { policy: { ...endless, repeat: 1e9 } }],
        ['delegate', { policy: { ...endless, repeatFromLevel: 2 } }],
        ['delegate', { policy: { ...endless, turn: -1 } }],
        ['merge', { incident_ids: ['x'] }],
        ['merged', {}],
        ['change', { changes: null, actions: [], status: null, priority: {} }],
        ['change', { changes: null, actions: [], status: null, priority: 'P1' }],
        ['change', { changes: null, actions: [], status: null, priority: { to: '\ud800' } }],
      ];
      for (const [name, given] of refused)
        await assert.rejects(
          handleOf(state).executeUpdate(name, { args: [{ agent, ...given }] }),
          WorkflowUpdateFailedError,
          `${name} ${JSON.stringify(given)}`,
        );
      await resolve(state);
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved']);
  });

  async function detailsOf(state: IncidentState): Promise<string | undefined> {
    const metadata = await handleOf(state).query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return metadata.currentDetails;
  }
});
