import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { Action } from '../../src/domain/incident/log-entry.ts';
import type { NewContactMethod } from '../../src/stores/contact-methods.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createIncidentReads } from '../../src/stores/incident-reads.ts';
import { createNotificationStore, type NotificationStore, type Page } from '../../src/stores/notifications.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertContactMethod, insertMember, setRules } from '../support/people.ts';
import { poll } from '../support/poll.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';
import { lockRow } from '../support/row-lock.ts';

const slack: NewContactMethod = { type: 'slack', name: 'Slack', url: 'https://hooks.example.com/secret' };
const mail: NewContactMethod = { type: 'email', name: 'Mail', address: 'ada@example.com' };

describe('stores/notifications', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let notifications: NotificationStore;
  let rung: number[] = [];
  const sealer = createSealer('a test key of thirty-two characters');

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    const ring = (pump: string, shards: Iterable<number>) => {
      if (pump === 'notifications') rung.push(...shards);
    };
    notifications = createNotificationStore(database.sql, { ring });
  });
  after(() => database.drop());
  beforeEach(() => void (rung = []));

  const member = async (name = 'Ada') => ({ memberId: await insertMember(database.sql, organisation, name), name });
  const method = (memberId: string, given: NewContactMethod = slack) =>
    insertContactMethod(database.sql, sealer, organisation, memberId, given);
  const at = new Date().toISOString();
  const page = (incidentId: string, members: { memberId: string; name: string }[], given: Partial<Page> = {}) =>
    notifications.page(
      organisation.organisationId,
      { incidentId, sequence: 1, at, reason: 'level', targets: [], actionId: null, ...given },
      members,
    );
  const listed = async (incidentId: string) => [
    ...(await notifications.list(organisation.organisationId, incidentId, { limit: 100 })),
  ];
  const logOf = async ({ id }: RecordedIncident) =>
    (await createIncidentReads(database.sql).log(organisation.organisationId, id, { limit: 100 }, itself)).map(
      (entry) => entry,
    );
  const waitingForLocks = async () => {
    const [row] = await database.sql<{ count: number }[]>`
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return row!.count;
  };
  const open = (urgency: 'low' | 'high' = 'high') => recordIncident(database.sql, organisation, { urgency });

  it('gives each member what their rules say for the urgency, counted from when they were asked', async () => {
    const [ada, bob] = [await member(), await member('Bob')];
    const [adas, bobs] = [await method(ada.memberId), await method(bob.memberId, mail)];
    await setRules(database.sql, organisation, ada.memberId, [
      { delay: 0, contactMethodId: adas },
      { delay: 300, contactMethodId: adas },
      { delay: 0, contactMethodId: adas, urgency: 'low' },
    ]);
    await setRules(database.sql, organisation, bob.memberId, [{ delay: 60, contactMethodId: bobs }]);
    const incident = await open();
    assert.equal(await page(incident.id, [ada, bob]), 2);
    const rows = await listed(incident.id);
    assert.deepEqual(
      rows.map(({ memberName, type, dueAt }) => [memberName, type, Date.parse(dueAt) - Date.parse(at)]).sort(),
      [
        ['Ada', 'slack', 0],
        ['Ada', 'slack', 300_000],
        ['Bob', 'email', 60_000],
      ],
    );
    assert.ok(rows.every(({ status, attempts, error }) => status === 'pending' && attempts === 0 && error === null));
    assert.deepEqual([...new Set(rung)].sort(), [...new Set([shardOf(adas), shardOf(bobs)])].sort());
  });

  it('gives nobody the same again, however often it is repeated, even at once', async () => {
    const ada = await member();
    await setRules(database.sql, organisation, ada.memberId, [
      { delay: 0, contactMethodId: await method(ada.memberId) },
    ]);
    const incident = await open();
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => page(incident.id, [ada]))), [1, 1, 1, 1]);
    assert.equal((await listed(incident.id)).length, 1);
    const sequence = await incident.apply({ type: 'escalate' });
    await page(incident.id, [ada], { sequence });
    assert.equal((await listed(incident.id)).length, 2, 'asked anew, told anew');
  });

  it('sends nothing to what is not verified or deleted, and says that nobody can be reached, once', async () => {
    const ada = await member();
    const contactMethodId = await method(ada.memberId);
    await setRules(database.sql, organisation, ada.memberId, [{ delay: 0, contactMethodId }]);
    for (const change of [{ verifiedAt: null }, { deletedAt: at }]) {
      await database.sql`
        UPDATE contact_methods SET ${database.sql({ verifiedAt: at, deletedAt: null, ...change })}
        WHERE id = ${contactMethodId}`;
      const incident = await open();
      const targets = [{ type: 'member', id: ada.memberId }] as const;
      for (let time = 0; time < 2; time += 1)
        assert.equal(await page(incident.id, [ada], { targets: [...targets] }), 0);
      assert.deepEqual(await listed(incident.id), []);
      const entries = await logOf(incident);
      assert.deepEqual(
        entries.map(({ type, sequence, index }) => [type, sequence, index]),
        [
          ['triggered', 1, 0],
          ['nobody_reachable', 1, 1],
        ],
      );
      assert.deepEqual(entries[1]!.agent, { type: 'timer', id: null, name: 'paging' });
      assert.deepEqual(entries[1]!.details, { reason: 'level', targets, members: [{ id: ada.memberId, name: 'Ada' }] });
    }
  });

  it('says when nobody is on call, and nothing when one of several can be reached', async () => {
    const empty = await open();
    assert.equal(await page(empty.id, []), 0);
    assert.deepEqual(
      (await logOf(empty)).map(({ type }) => type),
      ['triggered', 'nobody_on_call'],
    );
    const [ada, bob] = [await member(), await member('Bob')];
    await setRules(database.sql, organisation, ada.memberId, [
      { delay: 0, contactMethodId: await method(ada.memberId) },
    ]);
    const incident = await open();
    assert.equal(await page(incident.id, [ada, bob]), 1);
    assert.deepEqual(
      (await logOf(incident)).map(({ type }) => type),
      ['triggered'],
    );
  });

  it('asks nobody about an incident that was quieted since, or is taken on; for help it does', async () => {
    const ada = await member();
    const contactMethodId = await method(ada.memberId);
    await setRules(database.sql, organisation, ada.memberId, [
      { delay: 0, contactMethodId },
      { delay: 86_400, contactMethodId },
    ]);
    const counts = async (...commands: Parameters<RecordedIncident['apply']>[0][]) => {
      const incident = await open();
      let sequence = 1;
      for (const command of commands) sequence = await incident.apply(command);
      await page(incident.id, [ada], { sequence: 1 });
      const late = (await listed(incident.id)).length;
      await page(incident.id, [ada], { sequence, reason: 'assignees' });
      const now = (await listed(incident.id)).length - late;
      await page(incident.id, [ada], { sequence, reason: 'responders' });
      assert.deepEqual(
        (await logOf(incident)).filter(({ index }) => index > 0),
        [],
      );
      return [late, now];
    };
    assert.deepEqual(await counts({ type: 'annotate', content: 'Looking.' }), [2, 2]);
    assert.deepEqual(await counts({ type: 'acknowledge' }), [0, 0]);
    assert.deepEqual(await counts({ type: 'acknowledge' }, { type: 'unacknowledge' }), [0, 2]);
    assert.deepEqual(await counts({ type: 'escalate' }), [1, 2], 'what was due before the next level is told late');
    assert.deepEqual(await counts({ type: 'escalate' }, { type: 'acknowledge' }), [0, 0]);
    assert.deepEqual(await counts({ type: 'resolve', resolution: null, rootCause: null }), [0, 0]);
  });

  it('loses to an acknowledge that has the row, and is cancelled by one that comes after', async () => {
    const ada = await member();
    await setRules(database.sql, organisation, ada.memberId, [
      { delay: 60, contactMethodId: await method(ada.memberId) },
    ]);
    const incident = await open();
    const lock = await lockRow(database.sql, 'incidents', incident.id);
    const acknowledging = incident.apply({ type: 'acknowledge' });
    await poll(async () => (await lock.waiting()).length === 1);
    const paging = page(incident.id, [ada]);
    await poll(async () => (await waitingForLocks()) === 2);
    await lock.release();
    await Promise.all([acknowledging, paging]);
    const rows = await listed(incident.id);
    assert.ok(
      rows.every(({ status }) => status === 'cancelled'),
      JSON.stringify(rows),
    );

    const other = await open();
    await page(other.id, [ada]);
    await other.apply({ type: 'acknowledge' });
    const [row] = await listed(other.id);
    assert.equal(row!.status, 'cancelled');
    assert.ok(row!.finishedAt);
  });

  it('escalated, keeps what was due, also once it was tried, and cancels what was not', async () => {
    const ada = await member();
    const contactMethodId = await method(ada.memberId);
    await setRules(database.sql, organisation, ada.memberId, [
      { delay: 0, contactMethodId },
      { delay: 600, contactMethodId },
    ]);
    const incident = await open();
    await page(incident.id, [ada]);
    await database.sql`
      UPDATE notifications SET attempts = 1, due_at = now() + interval '1 hour'
      WHERE incident_id = ${incident.id} AND delay = 0`;
    await incident.apply({ type: 'escalate' });
    const statuses = async () =>
      (await database.sql`SELECT status FROM notifications WHERE incident_id = ${incident.id} ORDER BY delay`).map(
        ({ status }) => status as string,
      );
    assert.deepEqual(await statuses(), ['pending', 'cancelled']);
    await incident.apply({ type: 'acknowledge' });
    assert.deepEqual(await statuses(), ['cancelled', 'cancelled']);
  });

  describe('settles an alert', () => {
    const alert = async (incident: RecordedIncident, members: { memberId: string; name: string }[]) => {
      const action: Action = { id: uuid(), type: 'trigger-alerts', trigger: 'manual', subscriptionId: null };
      const sequence = await incident.apply({ type: 'action', action });
      // As the recording leaves it to paging.
      await database.sql`
        UPDATE actions SET outcome = NULL, error_code = NULL, error = NULL, finished_at = NULL WHERE id = ${action.id}`;
      const given = { sequence, reason: 'alert', actionId: action.id } as const;
      await page(incident.id, members, given);
      await page(incident.id, [], given);
      const actions = await createIncidentReads(database.sql).actions(organisation.organisationId, incident.id, {
        limit: 9,
      });
      const { outcome, errorCode, error, finishedAt } = actions.find(({ id }) => id === action.id)!;
      assert.ok(finishedAt);
      return [outcome, errorCode, error];
    };

    it('as succeeded when somebody is told, whatever a repeat finds', async () => {
      const ada = await member();
      await setRules(database.sql, organisation, ada.memberId, [
        { delay: 0, contactMethodId: await method(ada.memberId) },
      ]);
      assert.deepEqual(await alert(await open(), [ada]), ['succeeded', null, null]);
    });

    it('as failed when nobody is, and says why', async () => {
      const nobody = 'Nobody who is asked can be reached, and no enabled subscription asks for incident.alerted.';
      assert.deepEqual(await alert(await open(), [await member()]), ['failed', 'nobody_reachable', nobody]);
      const taken = await open();
      await taken.apply({ type: 'acknowledge' });
      const why = 'Nobody was asked: the incident was acknowledged by then.';
      assert.deepEqual(await alert(taken, [await member()]), ['failed', 'nobody_reachable', why]);
    });
  });

  it('lists page by page, oldest first, and only to its owner', async () => {
    const ada = await member();
    const contactMethodId = await method(ada.memberId);
    await setRules(
      database.sql,
      organisation,
      ada.memberId,
      [1, 2, 3, 4, 5].map((delay) => ({ delay, contactMethodId })),
    );
    const incident = await open();
    await page(incident.id, [ada]);
    const first = await notifications.list(organisation.organisationId, incident.id, { limit: 3 });
    const { createdAt, id } = first.at(-1)!;
    const rest = await notifications.list(organisation.organisationId, incident.id, {
      limit: 3,
      after: { createdAt, id },
    });
    assert.equal(new Set([...first, ...rest].map((row) => row.id)).size, 5);
    assert.equal((await notifications.list(uuid(), incident.id, { limit: 3 })).length, 0);
  });
});
