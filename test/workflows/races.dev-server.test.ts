import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createPagingActivities } from '../../src/activities/page.ts';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { PagingActivities } from '../../src/activities/incident-activities.ts';
import type { PolicySnapshot } from '../../src/domain/escalation/policy.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createNotificationStore } from '../../src/stores/notifications.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createTargetStore } from '../../src/stores/targets.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import type { IncidentCommand, IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { signalCommand, type SignalledCommand } from '../../src/workflows/incident/signal-command.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertContactMethod, insertMember, setRules } from '../support/people.ts';
import { patient } from '../support/patient.ts';
import { poll } from '../support/poll.ts';
import { createRandom } from '../support/random.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
const bell = { ring: () => {} };

describe('races of an incident, on the dev server', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let incidents: IncidentWorkflows;
  let paging: PagingActivities;
  /** `delay`: of its first level. */
  let policy: (delay: number) => PolicySnapshot;

  before(async () => {
    database = await createTestDatabase();
    const { sql } = database;
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(sql);
    const { opening } = createIncidentStore(sql);
    incidents = patient(createIncidentWorkflows(temporal.client, opening, temporal.taskQueue));
    paging = createPagingActivities({
      targets: createTargetStore(sql),
      notifications: createNotificationStore(sql, bell),
    });
    const memberId = await insertMember(sql, organisation);
    const sealer = createSealer('a test key of thirty-two characters');
    const mail = { type: 'email', name: 'Mail', address: 'ada@example.com' } as const;
    const contactMethodId = await insertContactMethod(sql, sealer, organisation, memberId, mail);
    await setRules(sql, organisation, memberId, [{ delay: 0, contactMethodId }]);
    const targets = [{ type: 'member' as const, id: memberId }];
    policy = (delay) => {
      const levels = [delay, 3_600, 3_600].map((each) => ({ delay: each, targets, assign: 'everyone' as const }));
      return { id: uuid(), version: 1, name: 'P', levels, repeat: 0, repeatFromLevel: 1, turn: 0 };
    };
  });
  after(async () => {
    await temporal.close();
    await database.drop();
  });

  const working = <T>(work: () => Promise<T>, page = paging.page) => {
    const recording = createIncidentActivities(createTransitionStore(database.sql, bell));
    return temporal.withWorker({ activities: { ...recording, page } }, work);
  };
  const handleOf = (state: IncidentState) => temporal.client.workflow.getHandle(incidentWorkflowId(state.incidentId));
  const command = (state: IncidentState, wish: object) =>
    incidents.command(state.organisationId, state.incidentId, { id: uuid(), agent, ...wish } as IncidentCommand);
  const resolve = (state: IncidentState) => command(state, { type: 'resolve', resolution: null, rootCause: null });
  const store = (overrides: Partial<IncidentState> = {}) => storeIncident(database.sql, organisation, overrides);
  const types = async ({ incidentId }: IncidentState) =>
    (await database.sql`SELECT type FROM log_entries WHERE incident_id = ${incidentId} ORDER BY sequence, index`).map(
      ({ type }) => type,
    );
  const notificationsOf = async ({ incidentId }: IncidentState) => [
    ...(await database.sql`SELECT status FROM notifications WHERE incident_id = ${incidentId}`),
  ];

  it('an acknowledge and the timer of a level in one task: what was due comes first', async () => {
    const state = await store({ escalationPolicy: policy(1), acknowledgementTimeout: null });
    await incidents.start(state);
    await poll(() => Date.now() > Date.parse(state.createdAt) + 1_500);
    // No worker has been there: its first task holds the opening, the level's end and the signal.
    await handleOf(state).signal('acknowledge', { by: 'Ann' });
    await working(async () => {
      await poll(async () => (await types(state)).includes('acknowledged'));
      await resolve(state);
      await handleOf(state).result();
    });
    assert.deepEqual(await types(state), ['triggered', 'escalated', 'acknowledged', 'resolved']);
    assert.ok((await notificationsOf(state)).every(({ status }) => status === 'cancelled'));
  });

  it('a resolve while a level is being asked: nobody is told, and nobody is asked next', async () => {
    const state = await store({ escalationPolicy: policy(3_600) });
    let answer = () => {};
    const isResolved = new Promise<void>((goOn) => (answer = goOn));
    let pages = 0;
    const slow: PagingActivities['page'] = async (input) => {
      pages += 1;
      await isResolved;
      return paging.page(input);
    };
    await working(async () => {
      await incidents.start(state);
      await poll(() => pages === 1);
      await resolve(state);
      answer();
      await handleOf(state).result();
    }, slow);
    assert.equal(pages, 1);
    assert.deepEqual(await types(state), ['triggered', 'resolved']);
    assert.deepEqual(await notificationsOf(state), []);
  });

  for (const seed of [1, 2, 3])
    it(`signals in any order, some of them twice, come to what the rules say of that order (seed ${seed})`, async () => {
      const random = createRandom(seed);
      const state = await store({ acknowledgementTimeout: null, autoResolveTimeout: null });
      const names = ['acknowledge', 'unacknowledge', 'escalate', 'snooze', 'note', 'priority', 'resolve'] as const;
      const sent = Array.from({ length: 40 }, (_, index) => {
        // A resolve ends it: rare enough that most of the others come before it.
        const name = names[Math.floor(random() * (index < 30 ? names.length - 1 : names.length))]!;
        const id = `${name}-${Math.floor(random() * 12)}`;
        return { name, given: { id, by: 'Ann', duration: 600, content: 'Seen', priority: 'P1' } };
      });
      const expected = ['triggered', ...followed(state, sent)];
      await incidents.start(state);
      // Before any worker: they wait in the history in this order.
      for (const [index, { name, given }] of sent.entries()) {
        await handleOf(state).signal('joined', { count: 1 + Math.floor(random() * 40), lastAt: state.createdAt });
        await handleOf(state).signal(name, given);
        if (index % 7 === 0) await handleOf(state).signal(name, given);
      }
      await working(async () => {
        await poll(async () => (await types(state)).length >= expected.length, { what: 'each signal is dealt with' });
        if (!expected.includes('resolved')) await resolve(state);
        await handleOf(state).result();
      });
      assert.deepEqual(await types(state), expected.includes('resolved') ? expected : [...expected, 'resolved']);
    });
});

/** What the transition function alone makes of these signals, in this order, each id once. */
function followed(opened: IncidentState, sent: { name: SignalledCommand; given: Record<string, unknown> }[]): string[] {
  const at = new Date().toISOString();
  const seen = new Set<string>();
  const accepted: string[] = [];
  let state = { ...opened, lifecycle: { ...opened.lifecycle, sequence: 1 } };
  for (const { name, given } of sent) {
    const read = signalCommand(name, given, uuid);
    assert.ok(typeof read !== 'string', String(read));
    if (seen.has(read.id)) continue;
    const result = transition(state, read, at);
    if (!result.accepted) continue;
    seen.add(read.id);
    state = result.state;
    accepted.push(result.transition.type);
  }
  return accepted;
}
