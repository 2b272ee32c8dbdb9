import assert from 'node:assert/strict';
import { createTellOwners } from '../../src/activities/tell-owners.ts';
import { createLogger } from '../../src/logger.ts';
import { createMailer } from '../../src/notify/mailer.ts';
import { dialects } from '../../src/outbound/index.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionNoticeStore } from '../../src/stores/subscription-notices.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createMailServer, type MailServer } from '../support/mail-server.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertMember } from '../support/people.ts';

describe('activities/tell-owners', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let server: MailServer;
  const sealer = createSealer('a test key of thirty-two characters');
  const rung: number[] = [];

  before(async () => {
    database = await createTestDatabase();
    server = await createMailServer();
  });
  after(async () => {
    await server.close();
    await database.drop();
  });
  beforeEach(async () => {
    await database.sql`TRUNCATE deliveries, subscriptions CASCADE`;
    organisation = await insertOrganisation(database.sql);
    server.behave({});
    server.mails.splice(0);
    rung.splice(0);
  });

  const tell = (smtpUrl: string | null = server.url) =>
    createTellOwners({
      notices: createSubscriptionNoticeStore(database.sql, { ring: (_pump, shards) => void rung.push(...shards) }),
      dialects: Object.values(dialects),
      mailer:
        smtpUrl === null
          ? null
          : createMailer({
              smtpUrl,
              mailFrom: 'tocsin@example.com',
              publicUrl: 'https://tocsin.example.com',
              timeoutMs: 5_000,
            }),
      publicUrl: 'https://tocsin.example.com',
      logger: createLogger('silent', 'test'),
    })(10);
  const subscribe = async (dialect: string, events: string[], owner = organisation) => {
    const made = await createSubscriptionStore(database.sql, sealer).create(owner.organisationId, {
      name: 'Ops\r\nBcc: eve@example.com',
      url: 'https://hooks.example.com/in?token=hunter2',
      dialect,
      events,
    });
    return made.id;
  };
  const disabled = async (reason = 'failing', since = '1 minute') => {
    const id = await subscribe('standard', ['subscription.disabled']);
    await database.sql`
      UPDATE subscriptions SET enabled = false, disabled_reason = ${reason}, disabled_at = now() - ${since}::interval,
        notice_due = true
      WHERE id = ${id}`;
    return id;
  };
  const owned = async (id: string) => {
    const memberId = await insertMember(database.sql, organisation);
    await database.sql`UPDATE subscriptions SET owner_id = ${memberId} WHERE id = ${id}`;
    return memberId;
  };
  const isDue = async (id: string) => {
    const [row] = await database.sql<{ noticeDue: boolean }[]>`SELECT notice_due FROM subscriptions WHERE id = ${id}`;
    return row!.noticeDue;
  };

  it('writes to the owner, once, what happened and how to go on', async () => {
    const id = await disabled();
    const memberId = await owned(id);
    assert.equal(await tell(), 1);
    const [mail] = server.mails;
    assert.deepEqual(mail!.to, [`${memberId}@example.com`]);
    assert.equal(mail!.headers.subject, 'The webhook subscription Ops Bcc: eve@example.com was disabled');
    assert.equal(mail!.headers.bcc, undefined);
    assert.match(mail!.text, /hooks\.example\.com/);
    assert.match(mail!.text, /failed for five days/);
    assert.match(mail!.text, new RegExp(`PUT https://tocsin\\.example\\.com/v1/subscription/${id}`));
    assert.doesNotMatch(mail!.raw, /hunter2/);
    assert.equal(await tell(), 0);
    assert.equal(server.mails.length, 1);
  });

  it('says so when the receiver asked for it', async () => {
    await owned(await disabled('gone'));
    await tell();
    assert.match(server.mails[0]!.text, /410 Gone/);
  });

  it('tries again while the mail server refuses, under the same Message-ID', async () => {
    const id = await disabled();
    await owned(id);
    server.behave({ hang: true });
    assert.equal(await tell(), 0);
    server.behave({ refuse: 451 });
    assert.equal(await tell(), 0);
    assert.equal(await isDue(id), true);
    server.behave({});
    assert.equal(await tell(), 1);
    const [hung, taken] = server.mails;
    assert.equal(taken!.headers['message-id'], hung!.headers['message-id']);
  });

  it('is done where nobody can be told by mail', async () => {
    const ids = [await disabled(), await disabled(), await disabled()];
    await owned(ids[0]!);
    const gone = await owned(ids[1]!);
    await database.sql`UPDATE members SET deleted_at = now() WHERE id = ${gone}`;
    assert.equal(await tell(null), 3);
    assert.equal(server.mails.length, 0);
    for (const id of ids) assert.equal(await isDue(id), false);
  });

  it('stops trying after three days', async () => {
    await owned(await disabled('failing', '3 days 1 minute'));
    assert.equal(await tell(), 0);
    assert.equal(server.mails.length, 0);
  });

  it('tells nobody of what was enabled again meanwhile', async () => {
    const id = await disabled();
    const notices = createSubscriptionNoticeStore(database.sql, { ring: () => {} });
    const [notice] = await notices.due(10);
    await database.sql`
      UPDATE subscriptions SET enabled = true, disabled_reason = NULL, disabled_at = NULL, notice_due = false WHERE id = ${id}`;
    assert.equal(await notices.told(notice!), false);
  });

  it('tells the other subscriptions of the organisation that ask for it, once', async () => {
    const asks = await subscribe('standard', ['incident.triggered', 'subscription.disabled']);
    await subscribe('standard', ['incident.triggered']);
    await subscribe('pulseapi', ['incident.created']);
    const other = await insertOrganisation(database.sql, 'Other');
    await subscribe('standard', ['subscription.disabled'], other);
    const deleted = await subscribe('standard', ['subscription.disabled']);
    await database.sql`UPDATE subscriptions SET deleted_at = now() WHERE id = ${deleted}`;
    const id = await disabled();
    await owned(id);
    server.behave({ refuse: 451 });
    await tell();
    server.behave({});
    await tell();
    const rows = await database.sql`SELECT subscription_id, event, subject_id, shard, snapshot FROM deliveries`;
    assert.equal(rows.length, 1, 'although it was told twice');
    const [row] = rows;
    assert.deepEqual([row!.subscriptionId, row!.event, row!.subjectId], [asks, 'subscription.disabled', id]);
    assert.deepEqual(row!.snapshot.subscription, { id, name: 'Ops\r\nBcc: eve@example.com' });
    assert.equal(row!.snapshot.reason, 'failing');
    assert.ok(rung.includes(row!.shard));
    assert.ok(
      dialects.standard!.render('subscription.disabled', row!.snapshot, {
        deliveryId: id,
        attemptAt: '2026-04-16T14:23:00.000Z',
        publicUrl: 'https://tocsin.example.com',
        subscription: { id: asks, name: 'Ops', description: '', url: 'https://hooks.example.com/' },
        item: 0,
      }),
    );
  });
});
