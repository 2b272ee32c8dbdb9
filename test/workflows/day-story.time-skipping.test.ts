import assert from 'node:assert/strict';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { v7 as uuid } from 'uuid';
import { createPagingActivities } from '../../src/activities/page.ts';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { PolicySnapshot } from '../../src/domain/escalation/policy.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { createNotificationStore } from '../../src/stores/notifications.ts';
import { createScheduleStore } from '../../src/stores/schedules.ts';
import { createTargetStore } from '../../src/stores/targets.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { searchAttributeKeys } from '../../src/temporal/search-attribute-keys.ts';
import { addSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import type { incident } from '../../src/workflows/incident/incident.ts';
import { namedSignal, type SignalInput } from '../../src/workflows/incident/messages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { quietRuntime } from '../support/temporal.ts';

/** Any but the product's: effects then run on it, too. */
const taskQueue = 'day-story';
const bell = { ring: () => {} };

/** Three levels over two days and a hand-off at midnight, with every page at its second. */
describe('a day of an incident, under time skipping', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let environment: TestWorkflowEnvironment;
  const names = new Map<string, string>();

  before(async () => {
    quietRuntime();
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    environment = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: process.env.TEMPORAL_TEST_SERVER! } },
    });
    await addSearchAttributes(environment.connection, 'default', searchAttributeKeys);
  });
  after(async () => {
    await environment?.teardown();
    await database?.drop();
  });

  /** A member who is told at once, and again after each of `delays`. */
  async function addMember(name: string, delays: number[] = []): Promise<string> {
    const { organisationId, teamId } = organisation;
    const [id, methodId] = [uuid(), uuid()];
    names.set(id, name);
    await database.sql`
      INSERT INTO members (id, organisation_id, team_id, name, email)
      VALUES (${id}, ${organisationId}, ${teamId}, ${name}, ${`${name}@example.com`})`;
    await database.sql`
      INSERT INTO contact_methods (id, organisation_id, member_id, type, name, address, verified_at)
      VALUES (${methodId}, ${organisationId}, ${id}, 'email', 'Mail', ${`${name}@example.com`}, now())`;
    for (const delay of [0, ...delays])
      await database.sql`
        INSERT INTO notification_rules (id, organisation_id, member_id, contact_method_id, urgency, delay)
        VALUES (${uuid()}, ${organisationId}, ${id}, ${methodId}, 'high', ${delay})`;
    return id;
  }

  it('plays three levels, snooze, hand-off, lapsing, re-escalation, exhaustion, reopening and auto-resolve', async () => {
    const { organisationId, teamId } = organisation;
    const [ada, ben, cyd] = [await addMember('Ada', [120]), await addMember('Ben'), await addMember('Cyd')];
    const schedules = createScheduleStore(database.sql);
    for (const [memberId, startTime, endTime] of [
      [ada, '12:00:00', '23:59:59'],
      [ben, '00:00:00', '11:59:59'],
    ] as const)
      await schedules.create(
        organisationId,
        teamId,
        {
          memberId,
          startTime,
          endTime,
          startDate: null,
          endDate: null,
          monthsOfYear: [],
          weeksOfMonth: [],
          weekDays: [0, 1, 2, 3, 4, 5, 6],
        },
        database.sql,
      );
    const policy: PolicySnapshot = {
      id: uuid(),
      version: 1,
      name: 'Checkout',
      levels: [
        { delay: 600, targets: [{ type: 'schedule', id: teamId }], assign: 'everyone' },
        { delay: 900, targets: [{ type: 'member', id: cyd }], assign: 'everyone' },
        { delay: 1_200, targets: [{ type: 'team', id: teamId }], assign: 'everyone' },
      ],
      repeat: 1,
      repeatFromLevel: 2,
      turn: 0,
    };

    let worker = await createWorker();
    // Five minutes before midnight of the second day from now: every version of the schedule holds by then.
    const midnight = (Math.floor((await environment.currentTimeMs()) / 86_400_000) + 2) * 86_400_000;
    await environment.sleep(midnight - 300_000 - (await environment.currentTimeMs()));
    const opened = await environment.currentTimeMs();
    const state = await storeIncident(database.sql, organisation, {
      createdAt: new Date(opened).toISOString(),
      escalationPolicy: policy,
      acknowledgementTimeout: 1_800,
      autoResolveTimeout: 14_400,
    });
    await worker.runUntil(async () => {
      const handle = await start(state);
      await pass(60);
      await handle.signal('snooze', { duration: 600, by: 'Ada' });
      // 00:06: it lapses, and Ben is on call by now. Nobody answers.
      await pass(3_340);
      await handle.signal('acknowledge', { by: 'Cyd' });
      await pass(600);
      await handle.signal('note', { content: 'Looks like the cache', by: 'Cyd' });
      await handle.result();
    });
    assert.deepEqual(await log(state, opened), [
      ['triggered', 0],
      ['snoozed', 60],
      ['unacknowledged', 660],
      ['escalated', 1_260],
      ['escalated', 2_160],
      ['escalated', 3_360],
      ['acknowledged', 3_400],
      ['annotated', 4_000],
      ['unacknowledged', 5_200],
      ['escalated', 6_100],
      ['escalation_exhausted', 7_300],
      ['resolved', 14_400],
    ]);
    assert.deepEqual(
      await pages(state, opened),
      [
        ['Ada', 0],
        // Her reminder, which the snooze stopped.
        ['Ada', 120, 'cancelled'],
        ['Ben', 660],
        ['Cyd', 1_260],
        ['Ada', 2_160],
        ['Ada', 2_280],
        ['Ben', 2_160],
        ['Cyd', 2_160],
        ['Cyd', 3_360],
        ['Cyd', 5_200],
        ['Ada', 6_100],
        ['Ada', 6_220],
        ['Ben', 6_100],
        ['Cyd', 6_100],
      ]
        .map(([name, at, status]) => `${at} ${name} ${status ?? 'asked'}`)
        .sort(),
    );

    // As an update with start does it: from what is stored.
    const [row] = await database.sql<{ lifecycle: IncidentState['lifecycle'] }[]>`
      SELECT lifecycle FROM incidents WHERE id = ${state.incidentId}`;
    await pass(3_600);
    worker = await createWorker();
    const reopenedAt = await environment.currentTimeMs();
    await worker.runUntil(async () => {
      const handle = await environment.client.workflow.signalWithStart<typeof incident, [SignalInput?]>('incident', {
        workflowId: incidentWorkflowId(state.incidentId),
        taskQueue,
        args: [{ state: { ...state, lifecycle: row!.lifecycle }, resumed: { commandIds: [], occurrences: 1 } }],
        signal: namedSignal('reopen'),
        signalArgs: [{ by: 'Cyd' }],
      });
      await pass(30);
      await handle.signal('resolve', { by: 'Ben' });
      await handle.result();
    });
    const again = (await log(state, reopenedAt)).slice(-2);
    assert.deepEqual(again, [
      ['reopened', 0],
      ['resolved', 30],
    ]);
  });

  const pass = (seconds: number) => environment.sleep(seconds * 1_000);

  async function createWorker(): Promise<Worker> {
    return Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: {
        ...createIncidentActivities(createTransitionStore(database.sql, bell)),
        ...createPagingActivities({
          targets: createTargetStore(database.sql),
          notifications: createNotificationStore(database.sql, bell),
        }),
      },
    });
  }

  const start = (state: IncidentState) =>
    environment.client.workflow.start<typeof incident>('incident', {
      workflowId: incidentWorkflowId(state.incidentId),
      taskQueue,
      args: [{ state }],
    });

  async function log(state: IncidentState, since: number): Promise<[string, number][]> {
    const entries = await database.sql<{ type: string; at: string }[]>`
      SELECT type, at FROM log_entries WHERE incident_id = ${state.incidentId} ORDER BY sequence, index`;
    return entries.map(({ type, at }) => [type, seconds(at, since)]);
  }

  /** `<seconds> <member> <asked | cancelled>`; what was not stopped would have gone out then. */
  async function pages(state: IncidentState, since: number): Promise<string[]> {
    const rows = await database.sql<{ memberId: string; dueAt: string; status: string; finishedAt: string | null }[]>`
      SELECT member_id, due_at, status, finished_at FROM notifications WHERE incident_id = ${state.incidentId}`;
    return rows
      .map(({ memberId, dueAt, status, finishedAt }) => {
        const stopped = status === 'cancelled' && finishedAt !== null && Date.parse(finishedAt) < Date.parse(dueAt);
        return `${seconds(dueAt, since)} ${names.get(memberId)} ${stopped ? 'cancelled' : 'asked'}`;
      })
      .sort();
  }

  /** To ten seconds: between two skips time goes on by itself, more of it on a loaded machine. */
  function seconds(at: string, since: number): number {
    return Math.floor((Date.parse(at) - since) / 10_000) * 10;
  }
});
