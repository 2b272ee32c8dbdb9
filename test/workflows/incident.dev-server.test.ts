import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { ActionActivities, IncidentActivities } from '../../src/activities/incident-activities.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Action } from '../../src/domain/incident/log-entry.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import type { CompositeChange, IncidentCommand, IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { stateQuery } from '../../src/workflows/incident/messages.ts';
import type { incident } from '../../src/workflows/incident/incident.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { patient } from '../support/patient.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
const byTimer = { agent: { type: 'timer', id: null, name: 'Test' }, channel: 'timer' } as const;
const bell = { ring: () => {} };

describe('incident workflow on the dev server', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let incidents: IncidentWorkflows;
  /** Gives up on a command as the API does. */
  let impatient: IncidentWorkflows;
  let activities: IncidentActivities;

  before(async () => {
    database = await createTestDatabase();
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
    activities = createIncidentActivities(createTransitionStore(database.sql, bell));
    impatient = createIncidentWorkflows(temporal.client, createIncidentStore(database.sql).opening, temporal.taskQueue);
    incidents = patient(impatient);
  });
  after(async () => {
    await temporal.close();
    await database.drop();
  });

  const store = (overrides: Partial<IncidentState> = {}) => storeIncident(database.sql, organisation, overrides);
  const handleOf = (state: IncidentState) =>
    temporal.client.workflow.getHandle<typeof incident>(incidentWorkflowId(state.incidentId));
  const command = (
    state: IncidentState,
    given: Partial<IncidentCommand> & Pick<IncidentCommand, 'type' | 'id'>,
    workflows = incidents,
  ) =>
    workflows.command(state.organisationId, state.incidentId, {
      agent,
      resolution: null,
      rootCause: null,
      ...given,
    } as IncidentCommand);
  const row = async (state: IncidentState) => {
    const [found] = await database.sql<{ status: string; sequence: number }[]>`
      SELECT status, sequence FROM incidents WHERE id = ${state.incidentId}`;
    return { ...found };
  };
  const log = async (state: IncidentState) =>
    (await database.sql`SELECT type FROM log_entries WHERE incident_id = ${state.incidentId} ORDER BY sequence`).map(
      (entry) => entry.type,
    );

  it('answers a command once it is stored, and ends when resolved', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      await incidents.start(state);
      await command(state, { type: 'acknowledge', id: 'ack-1' });
      assert.deepEqual(await row(state), { status: 'acknowledged', sequence: 2 });
      await command(state, { type: 'resolve', id: 'resolve-1', resolution: 'restarted', rootCause: 'pool' });
      assert.deepEqual(await row(state), { status: 'resolved', sequence: 3 });
      await handleOf(state).result();
    });
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'resolved']);
  });

  it('does a repeated command once, and refuses a second one with its code', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      await Promise.all([1, 2, 3].map(() => command(state, { type: 'acknowledge', id: 'same' })));
      await assert.rejects(command(state, { type: 'acknowledge', id: 'other' }), { code: 'already_acknowledged' });
      await command(state, { type: 'resolve', id: 'end' });
      await assert.rejects(command(state, { type: 'acknowledge', id: 'late' }), { code: 'incident_resolved' });
      await assert.rejects(command(state, { type: 'resolve', id: 'again' }), { code: 'incident_resolved' });
    });
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'resolved']);
  });

  it('starts a workflow that a crash kept from starting, at the first command', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, () => command(state, { type: 'acknowledge', id: 'ack' }));
    assert.deepEqual(await row(state), { status: 'acknowledged', sequence: 2 });
  });

  it('of fifty parallel acknowledges and a resolve, lets one acknowledge and the resolve through', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      const results = await Promise.allSettled([
        ...Array.from({ length: 50 }, (_, index) => command(state, { type: 'acknowledge', id: `ack-${index}` })),
        command(state, { type: 'resolve', id: 'resolve' }),
      ]);
      assert.equal(results.at(-1)?.status, 'fulfilled');
      assert(results.filter((result) => result.status === 'fulfilled').length <= 2);
    });
    assert.equal((await row(state)).status, 'resolved');
  });

  it('confirms a resolve although occurrences join while it is being stored', async () => {
    const state = await store();
    let joins = 0;
    const joining: IncidentActivities = {
      async recordTransitions(input) {
        const ahead = await activities.recordTransitions(input);
        const isResolve = input.transitions.some(({ type }) => type === 'resolved');
        if (isResolve && joins++ < 2)
          await incidents.joined(state.incidentId, { count: joins, lastAt: state.createdAt });
        return ahead;
      },
    };
    await temporal.withWorker({ activities: { ...joining } }, async () => {
      await incidents.start(state);
      await command(state, { type: 'resolve', id: 'resolve' });
      await handleOf(state).result();
    });
    assert.ok(joins > 0);
    assert.deepEqual(await log(state), ['triggered', 'resolved']);
  });

  it('tells not_confirmed when no worker answers in five seconds, and the command still applies later', async () => {
    const state = await store();
    await incidents.start(state);
    await assert.rejects(command(state, { type: 'acknowledge', id: 'patient' }, impatient), { code: 'not_confirmed' });
    await temporal.withWorker({ activities }, async () => {
      await command(state, { type: 'acknowledge', id: 'patient' });
      assert.deepEqual(await row(state), { status: 'acknowledged', sequence: 2 });
    });
  });

  it('takes signals from operators, drops malformed ones and does a repeated one once', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      const handle = handleOf(state);
      await handle.signal('acknowledge', 'not an object');
      await handle.signal('resolve', { resolution: 42 });
      await handle.signal('action', { type: 'unknown' });
      for (const change of [{}, { name: ' ' }, { urgency: 'urgent' }, { severity: 7 }])
        await handle.signal('change', change);
      // Its settings would have to be stored first.
      await handle.signal('action', { type: 'trigger-statuspage-update' });
      for (const cleared of [null, { eventId: uuid() }, { eventId: 'x', ruleset: { id: uuid(), name: 'x' } }])
        await handle.signal('cleared', cleared);
      for (const field of ['by', 'id', 'root_cause']) await handle.signal('resolve', { [field]: '\ud800' });
      await handle.signal('joined', null);
      // Ids that the workflow gives itself are not taken from others.
      await handle.signal('acknowledge', { id: 'trigger' });
      await handle.signal('escalate', { id: `timer:resolve:${state.lifecycle.pendingActions[0]?.at}:1` });
      await handle.signal('acknowledge', { by: 'Ann at the Temporal UI', id: 'one' });
      await handle.signal('acknowledge', { by: 'Ann at the Temporal UI', id: 'one' });
      await handle.signal('escalate');
      await handle.signal('action', { type: 'trigger-alerts' });
      await handle.signal('change', { name: 'Checkout slow', urgency: 'low' });
      await handle.signal('note', { content: 'It is the cache.' });
      await handle.signal('resolve', { root_cause: 'disk full' });
      await handle.result();
    });
    const entries = await database.sql`
      SELECT type, channel, agent FROM log_entries WHERE incident_id = ${state.incidentId} ORDER BY sequence`;
    assert.deepEqual(
      entries.map((entry) => [entry.type, entry.channel, entry.agent.name]),
      [
        ['triggered', 'api', 'Test key'],
        ['acknowledged', 'signal', 'operator'],
        ['escalated', 'signal', 'operator'],
        ['acknowledged', 'signal', 'Ann at the Temporal UI'],
        ['escalated', 'signal', 'operator'],
        ['alerted', 'signal', 'operator'],
        ['updated', 'signal', 'operator'],
        ['annotated', 'signal', 'operator'],
        ['resolved', 'signal', 'operator'],
      ],
    );
  });

  it('opens before anything that came with it', async () => {
    const state = await store();
    await incidents.start(state);
    await handleOf(state).signal('acknowledge');
    await handleOf(state).signal('resolve');
    await temporal.withWorker({ activities }, () => handleOf(state).result());
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'resolved']);
  });

  it('after an outage plays what was due, in due order, before the message that waited', async () => {
    const state = await store({ acknowledgementTimeout: 2, autoResolveTimeout: 8 });
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      await command(state, { type: 'acknowledge', id: 'in time' });
    });
    await poll(() => Date.now() > Date.parse(state.createdAt) + 8_000);
    await handleOf(state).signal('acknowledge', { by: 'too late' });
    await temporal.withWorker({ activities }, () => handleOf(state).result());
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'unacknowledged', 'resolved']);
  });

  it('is found by its search attributes, which follow its status', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      await command(state, { type: 'acknowledge', id: 'ack' });
      const query = `TocsinOrganisation = '${state.organisationId}' AND TocsinNumber = ${state.number} AND TocsinStatus = 'acknowledged' AND TocsinUrgency = 'high'`;
      await poll(async () => (await temporal.client.workflow.count(query)).count === 1);
      const description = await handleOf(state).describe();
      assert.equal(await description.staticSummary(), `INC-${state.number}`);
    });
  });

  it('loses nothing over continue-as-new with signals in flight', async () => {
    const state = await store({ acknowledgementTimeout: null });
    await temporal.withWorker({ activities }, async () => {
      const handle = await temporal.client.workflow.start<typeof incident>('incident', {
        workflowId: incidentWorkflowId(state.incidentId),
        taskQueue: temporal.taskQueue,
        args: [{ state, continueAfter: 30 }],
      });
      const rounds = 40;
      for (let round = 0; round < rounds; round++)
        await Promise.all([
          handleOf(state).signal('action', { id: `action-${round}`, type: 'trigger-alerts' }),
          handleOf(state).signal('action', { id: `action-${round}`, type: 'trigger-alerts' }),
        ]);
      // A repeat of an id that an earlier run has seen.
      await handleOf(state).signal('action', { id: 'action-0', type: 'trigger-alerts' });
      // While signals keep coming the server takes no hand-over; on a slow machine it comes after the last of them.
      await poll(async () => (await handleOf(state).describe()).runId !== handle.firstExecutionRunId);
      await command(state, { type: 'resolve', id: 'end' });
      assert.deepEqual(await row(state), { status: 'resolved', sequence: rounds + 2 });
    });
  });

  it('waits out a database that fails, then stores everything once', async () => {
    const state = await store();
    let failures = 0;
    const flaky: IncidentActivities = {
      async recordTransitions(input) {
        if (failures++ < 2) throw new Error('connection lost');
        const ahead = await activities.recordTransitions(input);
        if (failures === 3) throw new Error('connection lost after the commit');
        return ahead;
      },
    };
    await temporal.withWorker({ activities: flaky }, async () => {
      await incidents.start(state);
      await command(state, { type: 'resolve', id: 'end' });
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved']);
  });

  it('adopts what a lost task had stored, and asks anew what came since', async () => {
    const state = await store();
    // As if a first task had stored the opening and a timer's effect, and died before Temporal heard of it.
    const at = new Date(Date.parse(state.createdAt) + 1).toISOString();
    const opening = transition(state, { ...byTimer, type: 'trigger', id: 'trigger' }, at);
    assert(opening.accepted);
    const lost = transition(opening.state, { ...byTimer, type: 'acknowledge', id: 'lost' }, at);
    assert(lost.accepted);
    const stored = [opening.transition, lost.transition];
    await createTransitionStore(database.sql, bell).record(state.organisationId, state.incidentId, stored);
    await incidents.start(state);
    await handleOf(state).signal('acknowledge', { id: 'late' });
    await handleOf(state).signal('escalate', { id: 'anew' });
    await temporal.withWorker({ activities }, async () => {
      await poll(async () => (await row(state)).sequence === 3);
      const { lifecycle } = await handleOf(state).query(stateQuery);
      assert.equal(lifecycle.status, 'triggered');
      await command(state, { type: 'resolve', id: 'end' });
    });
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'escalated', 'resolved']);
    assert.deepEqual(await row(state), { status: 'resolved', sequence: 4 });
  });

  it('refuses updates that could never be stored', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      const handle = handleOf(state);
      for (const args of [[null], [{ agent: {} }], [{ agent: { ...agent, name: '\ud800' } }]])
        await assert.rejects(
          handle.executeUpdate('acknowledge', { args: args as [unknown] }),
          WorkflowUpdateFailedError,
        );
      await assert.rejects(handle.executeUpdate('action', { args: [{ agent }] }), WorkflowUpdateFailedError);
      const asTimer = { updateId: 'timer:resolve', args: [{ agent }] as [{ agent: typeof agent }] };
      await assert.rejects(handle.executeUpdate('acknowledge', asTimer), WorkflowUpdateFailedError);
      await command(state, { type: 'resolve', id: 'end' });
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved']);
  });

  it('refuses an update that the adopted state does not allow', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      await poll(async () => (await row(state)).sequence === 1);
      const { lifecycle } = await handleOf(state).query(stateQuery);
      const ahead = transition(
        { ...state, lifecycle },
        { ...byTimer, type: 'resolve', id: 'lost', resolution: null, rootCause: null },
        new Date().toISOString(),
      );
      assert(ahead.accepted);
      await createTransitionStore(database.sql, bell).record(state.organisationId, state.incidentId, [
        ahead.transition,
      ]);
      await assert.rejects(command(state, { type: 'acknowledge', id: 'ack' }), { code: 'incident_resolved' });
      await handleOf(state).result();
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved']);
  });

  it('stores an update only once the history holds it', async () => {
    const state = await store();
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      await command(state, { type: 'acknowledge', id: 'ack' });
    });
    const { events } = await handleOf(state).fetchHistory();
    const accepted = events?.findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes) ?? -1;
    const scheduled = events?.findIndex((event) => event.activityTaskScheduledEventAttributes) ?? -1;
    assert(accepted > 0 && scheduled > accepted, 'accepted first, then a normal activity');
  });

  describe('changes', () => {
    const change = (state: IncidentState, id: string, given: Partial<CompositeChange>) =>
      command(state, { type: 'change', id, changes: null, actions: [], status: null, ...given });

    it('all happen or none', async () => {
      const state = await store();
      await temporal.withWorker({ activities }, async () => {
        await incidents.start(state);
        const changes = { name: 'Checkout slow', urgency: 'low', assignees: [] } as const;
        await change(state, 'one', { changes: { ...changes, assignees: [] }, status: 'acknowledge' });
        await assert.rejects(change(state, 'two', { changes: { name: 'Not this' }, status: 'acknowledge' }), {
          code: 'already_acknowledged',
        });
        await change(state, 'one', { changes: { name: 'Not this either' }, status: 'acknowledge' });
        const { lifecycle } = await handleOf(state).query(stateQuery);
        assert.deepEqual([lifecycle.name, lifecycle.urgency, lifecycle.assignees], ['Checkout slow', 'low', []]);
        await poll(async () => {
          const query = `TocsinNumber = ${state.number} AND TocsinOrganisation = '${state.organisationId}' AND TocsinUrgency = 'low'`;
          return (await temporal.client.workflow.count(query)).count === 1;
        });
        await change(state, 'three', { status: 'unacknowledge' });
        await assert.rejects(change(state, 'four', { status: 'unacknowledge' }), { code: 'not_acknowledged' });
        await change(state, 'five', { changes: { rootCause: 'cache' }, status: 'resolve' });
        await assert.rejects(change(state, 'six', { changes: { urgency: 'low' } }), { code: 'incident_resolved' });
        await handleOf(state).result();
      });
      assert.deepEqual(await log(state), [
        'triggered',
        'updated',
        'acknowledged',
        'unacknowledged',
        'updated',
        'resolved',
      ]);
      const [found] = await database.sql`SELECT name, root_cause FROM incidents WHERE id = ${state.incidentId}`;
      assert.deepEqual({ ...found }, { name: 'Checkout slow', rootCause: 'cache' });
    });

    it('run an action once, however often it is asked for', async () => {
      const state = await store();
      const action = { id: uuid(), type: 'trigger-alerts', subscriptionId: null } as const;
      await temporal.withWorker({ activities }, async () => {
        await incidents.start(state);
        await Promise.all(['a', 'b', 'c'].map((id) => change(state, id, { actions: [action] })));
        await change(state, 'd', { actions: [action], changes: { name: 'Renamed' } });
        await command(state, { type: 'resolve', id: 'end' });
      });
      assert.deepEqual(await log(state), ['triggered', 'alerted', 'updated', 'resolved']);
    });

    it('that could never be stored are refused', async () => {
      const state = await store();
      await temporal.withWorker({ activities }, async () => {
        await incidents.start(state);
        const refused = [
          {},
          { actions: [{ id: 'x', type: 'trigger-alerts', subscriptionId: null }] },
          { actions: [null] },
          { status: 'triggered' },
          { changes: { name: '\0' } },
          { changes: { urgency: 'urgent' } },
          { changes: { assignees: [{ type: 'dog', id: uuid() }] } },
        ];
        for (const given of refused) {
          const args = [{ agent, changes: null, actions: [], status: null, ...given }] as [unknown];
          await assert.rejects(handleOf(state).executeUpdate('change', { args }), WorkflowUpdateFailedError);
        }
        await assert.rejects(handleOf(state).executeUpdate('change', { args: [null] }), WorkflowUpdateFailedError);
        await command(state, { type: 'resolve', id: 'end' });
      });
      assert.deepEqual(await log(state), ['triggered', 'resolved']);
    });
  });

  it('is resolved by the occurrence that clears it, once', async () => {
    const state = await store();
    const by = { type: 'ruleset' as const, id: uuid(), name: 'Disk full' };
    const cleared = { eventId: uuid(), by };
    assert.equal(await incidents.cleared(state.incidentId, cleared), false);
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      assert.equal(await incidents.cleared(state.incidentId, cleared), true);
      await handleOf(state).result();
    });
    assert.deepEqual(await log(state), ['triggered', 'resolved']);
    const [entry] = await database.sql`
      SELECT agent, channel FROM log_entries WHERE incident_id = ${state.incidentId} AND type = 'resolved'`;
    assert.deepEqual({ ...entry }, { agent: by, channel: 'event' });
  });

  it('is acknowledged and resolved by its sender, each once, in the name of the webhook', async () => {
    const state = await store();
    const webhook = { id: uuid(), name: 'Checkout probe' };
    const [first, second, third] = [uuid(), uuid(), uuid()];
    assert.equal(await incidents.acknowledged(state.incidentId, { eventId: first, webhook }), false);
    await temporal.withWorker({ activities }, async () => {
      await incidents.start(state);
      for (const eventId of [first, first, second])
        assert.equal(await incidents.acknowledged(state.incidentId, { eventId, webhook }), true);
      for (const eventId of [third, third])
        assert.equal(
          await incidents.cleared(state.incidentId, { eventId, by: { type: 'webhook', ...webhook } }).catch(() => true),
          true,
        );
      await handleOf(state).result();
    });
    assert.deepEqual(await log(state), ['triggered', 'acknowledged', 'resolved']);
    const entries = await database.sql`
      SELECT agent, channel FROM log_entries
      WHERE incident_id = ${state.incidentId} AND type <> 'triggered' ORDER BY sequence`;
    const line = { agent: { type: 'webhook', ...webhook }, channel: 'event' };
    assert.deepEqual(
      entries.map((entry) => ({ ...entry })),
      [line, line],
    );
  });

  describe('actions that an activity carries out', () => {
    const definitionId = uuid();
    const opening = (): Action => {
      return { id: uuid(), type: 'trigger-webhook', trigger: 'automated', subscriptionId: null, definitionId };
    };
    const carryOut: ActionActivities = { runAction: async () => {}, giveUpAction: async () => {} };
    const withEffects = (work: () => Promise<void>) => {
      const effects: ActionActivities = {
        runAction: (input) => carryOut.runAction(input),
        giveUpAction: (input) => carryOut.giveUpAction(input),
      };
      return temporal.withWorker({ activities: { ...activities, ...effects } }, work);
    };

    it('hold up no command, and the workflow ends only after them', async () => {
      const state = await store({ openingActions: [opening()] });
      let tries = 0;
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      carryOut.runAction = async (input) => {
        assert.deepEqual(input, {
          organisationId: state.organisationId,
          incidentId: state.incidentId,
          actionId: state.openingActions[0]!.id,
        });
        if (++tries === 1) throw new Error('try again');
        await held;
      };
      await withEffects(async () => {
        await incidents.start(state);
        await poll(() => tries === 2);
        await command(state, { type: 'resolve', id: 'end' });
        assert.equal((await handleOf(state).describe()).status.name, 'RUNNING');
        release();
        await handleOf(state).result();
      });
      assert.deepEqual(await log(state), ['triggered', 'action_run', 'resolved']);
    });

    it('are given up when they fail for good', async () => {
      const state = await store({ openingActions: [opening()] });
      const givenUp: string[] = [];
      carryOut.runAction = async () => {
        throw ApplicationFailure.nonRetryable('no use');
      };
      carryOut.giveUpAction = async ({ message }) => void givenUp.push(message);
      await withEffects(async () => {
        await incidents.start(state);
        await command(state, { type: 'resolve', id: 'end' });
        await handleOf(state).result();
      });
      assert.deepEqual(givenUp, ['no use']);
    });

    it('are carried out although a lost task had recorded them', async () => {
      const state = await store({ openingActions: [opening()] });
      const at = new Date(Date.parse(state.createdAt) + 1).toISOString();
      const opened = transition(state, { ...byTimer, type: 'trigger', id: 'trigger' }, at);
      assert(opened.accepted);
      const [action] = state.openingActions;
      const lost = transition(
        opened.state,
        { ...byTimer, type: 'action', id: `opening:${action!.id}`, action: action! },
        at,
      );
      assert(lost.accepted);
      const stored = [opened.transition, lost.transition];
      await createTransitionStore(database.sql, bell).record(state.organisationId, state.incidentId, stored);
      let tries = 0;
      carryOut.runAction = async () => void (tries += 1);
      await withEffects(async () => {
        await incidents.start(state);
        await command(state, { type: 'resolve', id: 'end' });
        await handleOf(state).result();
      });
      assert.equal(tries, 1);
      assert.deepEqual(await log(state), ['triggered', 'action_run', 'resolved']);
    });
  });
});
