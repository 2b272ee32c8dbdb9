import assert from 'node:assert/strict';
import { createSendNotifications, type SendNotificationsDeps } from '../../src/activities/send-notifications.ts';
import type { NotificationReason } from '../../src/domain/notification/still-asks.ts';
import { createLogger } from '../../src/logger.ts';
import { createChannels } from '../../src/notify/index.ts';
import { createPost } from '../../src/outbound/post.ts';
import type { NewContactMethod } from '../../src/stores/contact-methods.ts';
import { createBell, createEar, type Ear } from '../../src/stores/doorbell.ts';
import { createLinkTokens } from '../../src/stores/link-tokens.ts';
import { createNotificationQueue, type NotificationQueue } from '../../src/stores/notification-queue.ts';
import { createNotificationStore } from '../../src/stores/notifications.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createMailServer, type MailServer } from '../support/mail-server.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertContactMethod, insertMember, setRules } from '../support/people.ts';
import { poll } from '../support/poll.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';
import { ringingEar } from '../support/ringing-ear.ts';

describe('activities/send-notifications', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let queue: NotificationQueue;
  let ear: Ear;
  let mailServer: MailServer;
  let receiver: Receiver;
  const logger = createLogger('silent', 'test');
  const sealer = createSealer('a test key of thirty-two characters');
  const links = createLinkTokens(sealer);
  const publicUrl = 'https://tocsin.example.com';
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    queue = createNotificationQueue(database.sql, sealer);
    ear = await createEar(database.sql);
  });
  after(async () => {
    await ear.close();
    await database.drop();
  });
  beforeEach(async () => {
    mailServer = await createMailServer();
    receiver = await createReceiver();
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await receiver.close();
    await mailServer.close();
    await database.sql`TRUNCATE notifications, log_entries, transitions, incidents CASCADE`;
  });

  const create = (deps: Partial<SendNotificationsDeps> = {}) =>
    createSendNotifications({
      queue,
      channels: createChannels({
        post: createPost({ allowedNetworks: ['127.0.0.0/8'] }),
        smtpUrl: mailServer.url,
        mailFrom: 'tocsin@example.com',
        publicUrl,
      }),
      links,
      ear,
      publicUrl,
      logger,
      ...deps,
    });
  /** Runs the pumps of all shards until the test ends. */
  const pump = (deps: Partial<SendNotificationsDeps> = {}) => {
    const stopping = new AbortController();
    const round = create(deps);
    const running = Promise.all([0, 1, 2, 3].map((shard) => round(shard, stopping.signal, () => undefined)));
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopping.abort();
      return (stopped ??= running.then(() => undefined));
    };
    stops.push(stop);
    return stop;
  };

  const reach = async (method: NewContactMethod, delays = [0]) => {
    const memberId = await insertMember(database.sql, organisation);
    const contactMethodId = await insertContactMethod(database.sql, sealer, organisation, memberId, method);
    await setRules(
      database.sql,
      organisation,
      memberId,
      delays.map((delay) => ({ delay, contactMethodId })),
    );
    return { memberId, contactMethodId };
  };
  const byMail = (delays?: number[]) => reach({ type: 'email', name: 'Mail', address: 'ada@example.com' }, delays);
  const byWebhook = (delays?: number[], url = receiver.url) => reach({ type: 'webhook', name: 'Hook', url }, delays);
  const open = () => recordIncident(database.sql, organisation);
  const page = async (incident: RecordedIncident, memberId: string, reason: NotificationReason = 'level') => {
    const asked = { incidentId: incident.id, sequence: 1, at: new Date().toISOString(), targets: [], actionId: null };
    const bell = createBell(database.sql, logger);
    await createNotificationStore(database.sql, bell).page(organisation.organisationId, { ...asked, reason }, [
      { memberId, name: 'Ada' },
    ]);
  };
  const listed = async (incident: RecordedIncident) => [
    ...(await createNotificationStore(database.sql, { ring: () => {} }).list(organisation.organisationId, incident.id, {
      limit: 100,
    })),
  ];
  const settled = (incident: RecordedIncident) =>
    poll(async () => {
      const rows = await listed(incident);
      return rows.length > 0 && rows.every(({ status }) => status !== 'pending') && rows;
    });
  const isLeased = async ({ id }: RecordedIncident) =>
    (await database.sql`SELECT FROM notifications WHERE incident_id = ${id} AND lease_token IS NOT NULL`).length > 0;
  const dueNow = () => database.sql`UPDATE notifications SET due_at = now() WHERE status = 'pending'`;

  it('sends at the ring, with links that act as the member, and stores that it did', async () => {
    // Sooner than the next look.
    pump({ ear: ringingEar(ear) });
    const { memberId } = await byMail();
    const incident = await open();
    await page(incident, memberId);
    const [mail] = await mailServer.waitFor(({ length }) => length === 1);
    const [row] = await settled(incident);
    assert.deepEqual([row!.status, row!.attempts, row!.error], ['sent', 1, null]);
    assert.equal(mail!.headers['message-id'], `<${row!.id}@tocsin.example.com>`);
    for (const [label, purpose] of [
      ['Acknowledge', 'acknowledge'],
      ['Resolve', 'resolve'],
    ] as const) {
      const token = new RegExp(`^${label}: ${publicUrl}/link/([\\w-]+)$`, 'm').exec(mail!.text)![1]!;
      const grant = links.read(token, new Date());
      assert.ok(typeof grant === 'object');
      assert.deepEqual([grant.incidentId, grant.memberId, grant.purpose], [incident.id, memberId, purpose]);
      const hours = (grant.expiresAt.getTime() - Date.now()) / 3_600_000;
      assert.ok(hours > 23.9 && hours <= 24);
    }
  });

  it('waits for the delay, and sends nothing when somebody acknowledges before it', async () => {
    pump();
    const { memberId } = await byWebhook([0, 5, 3_600]);
    const [incident, quieted] = [await open(), await open()];
    const startedAt = Date.now();
    await page(incident, memberId);
    await page(quieted, memberId);
    await receiver.waitFor((requests) => requests.length === 2);
    await quieted.apply({ type: 'acknowledge' });
    const [, , third] = await receiver.waitFor((requests) => requests.length === 3);
    assert.ok(third!.at - startedAt >= 5_000, `${third!.at - startedAt}`);
    assert.ok(third!.body.includes(incident.id));
    const statuses = async (of: RecordedIncident) =>
      (await listed(of))
        .map(({ status }) => status)
        .sort()
        .join();
    await poll(async () => (await statuses(incident)) === 'pending,sent,sent');
    assert.equal(await statuses(quieted), 'cancelled,cancelled,sent');
    await dueNow();
    await receiver.waitFor((requests) => requests.length === 4);
    assert.equal(receiver.requests.filter(({ body }) => body.includes(quieted.id)).length, 1);
  });

  it('looks once more right before sending', async () => {
    const { memberId } = await byWebhook();
    const incident = await open();
    await page(incident, memberId);
    const late: NotificationQueue = {
      ...queue,
      async begin(due) {
        // Taken already: this comes between the taking and the sending.
        await incident.apply({ type: 'acknowledge' });
        return queue.begin(due);
      },
    };
    pump({ queue: late });
    const [row] = await settled(incident);
    assert.equal(row!.status, 'cancelled');
    assert.equal(receiver.requests.length, 0);
  });

  for (const [what, forget] of [
    [
      'contact method',
      ({ contactMethodId: id }) => database.sql`UPDATE contact_methods SET deleted_at = now() WHERE id = ${id}`,
    ],
    ['member', ({ memberId: id }) => database.sql`UPDATE members SET deleted_at = now() WHERE id = ${id}`],
  ] as [string, (of: { memberId: string; contactMethodId: string }) => Promise<unknown>][])
    it(`cancels what was for a deleted ${what}`, async () => {
      const reached = await byWebhook();
      const incident = await open();
      await page(incident, reached.memberId);
      await forget(reached);
      pump();
      const [row] = await settled(incident);
      assert.equal(row!.status, 'cancelled');
      assert.equal(receiver.requests.length, 0);
    });

  it('sends again what a killed worker had sent and not stored, under the same Message-ID', async () => {
    const { memberId } = await byMail();
    const incident = await open();
    await page(incident, memberId);
    // A worker that sent it and died before it stored that.
    let buried = () => {};
    const death = new Promise<void>((resolve) => (buried = resolve));
    const dead: NotificationQueue = { ...queue, record: () => death.then(() => false) };
    const stopDying = pump({ queue: dead, leaseMs: 300 });
    await mailServer.waitFor(({ length }) => length === 1);
    pump({ leaseMs: 5_000 });
    const [first, second] = await mailServer.waitFor(({ length }) => length >= 2);
    buried();
    await stopDying();
    assert.equal(second!.headers['message-id'], first!.headers['message-id']);
    const [row] = await settled(incident);
    assert.equal(row!.status, 'sent');
    assert.ok(row!.attempts >= 2);
  });

  it('tries five times on the schedule under the same id, then gives up and shows why', async () => {
    receiver.behave({ status: 503, body: 'a secret' });
    const { memberId } = await byWebhook();
    const incident = await open();
    await page(incident, memberId);
    pump();
    for (const [made, waitS] of [
      [1, 5],
      [2, 30],
      [3, 120],
      [4, 600],
    ] as const) {
      await receiver.waitFor((requests) => requests.length === made);
      const before = Date.now();
      const row = await poll(async () => {
        // It is not under way any more, and what is read then is what became of it.
        const isOver = !(await isLeased(incident));
        const [one] = await listed(incident);
        return isOver && one!.error !== null && one!.attempts === made && one;
      });
      const seconds = (Date.parse(row.dueAt) - before) / 1_000;
      // Since it was received, which may have been seen late, and until it was stored, which may have taken its time.
      assert.ok(seconds > waitS / 3 && seconds < waitS * 2 + 10, `${seconds} after attempt ${made}`);
      assert.deepEqual([row.status, row.error], ['pending', 'answered 503']);
      await dueNow();
    }
    await receiver.waitFor((requests) => requests.length === 5);
    const [row] = await settled(incident);
    assert.deepEqual([row!.status, row!.attempts, row!.error], ['failed', 5, 'answered 503']);
    assert.ok(row!.finishedAt);
    assert.equal(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size, 1);
  });

  it('shows a refusal by the mail server, and that mail is not set up', async () => {
    mailServer.behave({ refuse: 550 });
    const { memberId } = await byMail();
    const incident = await open();
    await page(incident, memberId);
    const stop = pump();
    const errorIs = (error: string) => poll(async () => (await listed(incident))[0]!.error === error, { what: error });
    await errorIs('the mail server answered 550');
    await stop();
    await dueNow();
    pump({ channels: createChannels({ post: createPost({ allowedNetworks: [] }), publicUrl }) });
    await errorIs('mail is not set up');
  });

  it('counts as sent what went out although it was cancelled meanwhile', async () => {
    let answer = () => {};
    receiver.behave({ respond: (response) => void (answer = () => response.end()) });
    const { memberId } = await byWebhook();
    const incident = await open();
    await page(incident, memberId);
    pump();
    await receiver.waitFor((requests) => requests.length === 1);
    await incident.apply({ type: 'acknowledge' });
    assert.equal((await listed(incident))[0]!.status, 'cancelled');
    answer();
    await poll(async () => (await listed(incident))[0]!.status === 'sent');
  });

  it('lets no dead endpoint delay another', async () => {
    const dead = await createReceiver();
    dead.behave({ hang: true });
    const alive = await byWebhook();
    const warm = await open();
    await page(warm, alive.memberId);
    pump({ limits: { total: 4, perEndpoint: 2 } });
    await receiver.waitFor((requests) => requests.length === 1);
    for (let index = 0; index < 20; index += 1) await page(await open(), (await byWebhook([0], dead.url)).memberId);
    await dead.waitFor((requests) => requests.length >= 4);
    for (let index = 0; index < 5; index += 1) {
      const startedAt = Date.now();
      await page(await open(), alive.memberId);
      await receiver.waitFor((requests) => requests.length === index + 2);
      assert.ok(Date.now() - startedAt < 8_000, `${Date.now() - startedAt} ms`);
    }
    await dead.close();
  });

  it('stops at once when told to, and stores what is in flight', async () => {
    let answer = () => {};
    receiver.behave({ respond: (response) => void (answer = () => response.end()) });
    const { memberId } = await byWebhook();
    const incident = await open();
    await page(incident, memberId);
    const stop = pump();
    await receiver.waitFor((requests) => requests.length === 1);
    const startedAt = Date.now();
    const stopped = stop();
    answer();
    await stopped;
    assert.ok(Date.now() - startedAt < 20_000, 'long before its round is over');
    assert.equal((await listed(incident))[0]!.status, 'sent');
  });
});
