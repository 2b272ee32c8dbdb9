import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import { createEventIntake } from '../../src/stores/event-intake.ts';
import { shardOf, type Bell } from '../../src/stores/doorbell.ts';
import { createInternalIntake } from '../../src/stores/internal-intake.ts';
import { createEventStore, type EventStore } from '../../src/stores/events.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSenderChecks } from '../../src/stores/sender-checks.ts';
import { createWebhookStore } from '../../src/stores/webhooks.ts';
import { createSql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

describe('events', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let statements: string[];
  let rings: string[];
  let bell: Bell;
  let events: EventStore;
  const sealer = createSealer('test-secret-key-of-32-characters-or-more');

  const submission = (body: Buffer | string, webhookId = acme.webhookId) => ({
    webhookId,
    contentType: 'application/json',
    ip: '192.0.2.7',
    headers: {},
    body: Buffer.from(body),
  });

  before(async () => {
    statements = [];
    database = await createTestDatabase({ onQuery: (query) => statements.push(query) });
  });
  after(() => database.drop());

  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
    rings = [];
    bell = { ring: (pump, shards) => [...shards].forEach((shard) => rings.push(`${pump}-${shard}`)) };
    events = createEventStore(database.sql, bell, sealer);
    statements.length = 0;
  });

  it('keeps every byte, and rings the shard of the webhook', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const bodies = [
      every,
      Buffer.alloc(0),
      Buffer.from('{"a":"\\\\x41 \\u0000 \\ud800"}'),
      Buffer.from('NULL'),
      Buffer.alloc(524_288, 7),
    ];
    for (const body of bodies) {
      const stored = await events.submit({ ...submission(body), contentType: null });
      assert.ok(stored);
      const [listed] = await events.list(acme.organisationId, acme.webhookId, { limit: 1 }, itself);
      assert.equal(stored.rejection, null);
      assert.deepEqual(listed, {
        id: stored.id,
        receivedAt: stored.receivedAt,
        webhookId: acme.webhookId,
        contentType: null,
        ip: '192.0.2.7',
        body,
        tags: [],
        headers: {},
        hops: 0,
        status: 'pending',
        reason: null,
        matches: [],
      });
    }
    assert.deepEqual(new Set(rings), new Set([`inbox-${shardOf(acme.webhookId)}`]));
  });

  it('answers null, and stores nothing, for unknown, disabled and malformed webhooks', async () => {
    await database.sql`UPDATE webhooks SET enabled = false WHERE id = ${acme.webhookId}`;
    const answers = await Promise.all(
      [acme.webhookId, uuid(), 'nonsense', '', "'; DROP TABLE events"].map((id) => events.submit(submission('{}', id))),
    );
    assert.deepEqual(answers, [null, null, null, null, null]);
    assert.deepEqual(await events.list(acme.organisationId, acme.webhookId, { limit: 10 }, itself), []);
    assert.deepEqual(rings, []);
  });

  it('does the same work for unknown, disabled and deleted webhooks', async () => {
    const work = async () => {
      statements.length = 0;
      assert.equal(await events.submit(submission('{}')), null);
      return [...statements];
    };
    const { webhookId } = acme;
    await database.sql`UPDATE webhooks SET enabled = false WHERE id = ${webhookId}`;
    const disabled = await work();
    await database.sql`UPDATE webhooks SET enabled = true, deleted_at = now() WHERE id = ${webhookId}`;
    const deleted = await work();
    acme = { ...acme, webhookId: uuid() };
    const unknown = await work();
    assert.equal(unknown.length, 2);
    assert.deepEqual([disabled, deleted], [unknown, unknown]);
  });

  it('keeps tags, headers and hops with their own event', async () => {
    const given = Array.from({ length: 20 }, (_, index) => ({
      ...submission(`${index}`),
      tags: [`t${index}`, 'quote "\\ {}, NULL', 'NULL'].slice(0, index % 4),
      headers: { 'x-index': `${index} "\\`, authorization: 'Bearer of-a-sender', 'tocsin-hops': `${index % 10}` },
    }));
    const stored = await Promise.all(given.map((event) => events.submit(event)));
    for (const [index, event] of stored.entries()) {
      const kept = await events.get(acme.organisationId, event!.id, itself);
      assert.equal(kept?.body.toString(), `${index}`);
      assert.deepEqual(kept?.tags, given[index]!.tags);
      assert.deepEqual(kept?.headers, { 'x-index': `${index} "\\`, 'tocsin-hops': `${index % 10}` });
      assert.equal(kept?.hops, index % 10);
    }
  });

  it('lets requests that wait together share statements', async () => {
    const stored = await Promise.all(Array.from({ length: 300 }, (_, index) => events.submit(submission(`${index}`))));
    const times = stored.map((event) => event?.receivedAt);
    assert.equal(new Set(times).size, 300);
    // The first goes alone, 256 follow, then the rest.
    assert.equal(statements.filter((query) => query.includes('INSERT INTO events')).length, 3);
    const listed = await events.list(acme.organisationId, acme.webhookId, { limit: 300 }, itself);
    assert.deepEqual(
      listed.map((event) => Number(event.body.toString())),
      Array.from({ length: 300 }, (_, index) => 299 - index),
    );
  });

  it('bounds the bytes of a batch, and lets a large body go alone', async () => {
    const submit = createEventIntake(database.sql, bell, createSenderChecks(database.sql, sealer), {
      rows: 100,
      bytes: 1_000,
    });
    const bodies = [10, 600, 300, 200, 5_000, 10].map((size) => Buffer.alloc(size, 32));
    assert.ok((await Promise.all(bodies.map((body) => submit(submission(body))))).every(Boolean));
    // 10 | 600 + 300 | 200 | 5,000 | 10
    assert.equal(statements.filter((query) => query.includes('INSERT INTO events')).length, 5);
  });

  it('refuses one poisoned row without failing its neighbours', async () => {
    const poisoned = { ...submission('{}'), contentType: 'text/plain\0' };
    const results = await Promise.allSettled(
      ['0', '1', poisoned, '2', '3'].map((body) => events.submit(typeof body === 'string' ? submission(body) : body)),
    );
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    assert.equal((await events.list(acme.organisationId, acme.webhookId, { limit: 10 }, itself)).length, 4);
    assert.ok(await events.submit(submission('afterwards')));
  });

  it('takes times anew when another process took the same microsecond', async () => {
    const taken = '2026-11-21T05:09:43.120001Z';
    const clock = () => {
      const times = [taken, taken, taken, '2026-11-21T05:09:43.120002Z'];
      return () => times.shift() ?? '2026-11-21T05:09:43.120003Z';
    };
    const first = await createEventIntake(
      database.sql,
      bell,
      createSenderChecks(database.sql, sealer),
      undefined,
      () => taken,
    )(submission('first'));
    const second = await createEventIntake(
      database.sql,
      bell,
      createSenderChecks(database.sql, sealer),
      undefined,
      clock(),
    )(submission('second'));
    assert.equal(first?.receivedAt, taken);
    assert.equal(second?.receivedAt, '2026-11-21T05:09:43.120002Z');
  });

  it('lists strictly before a time, to the microsecond, and never across organisations', async () => {
    const other = await insertOrganisation(database.sql, 'Other');
    const stored = [];
    for (const body of ['1', '2', '3']) stored.push(await events.submit(submission(body)));
    const page = await events.list(
      acme.organisationId,
      acme.webhookId,
      {
        limit: 2,
        lastReceivedAt: stored[2]?.receivedAt,
      },
      itself,
    );
    assert.deepEqual(
      page.map((event) => event.id),
      [stored[1]?.id, stored[0]?.id],
    );
    assert.deepEqual(await events.list(other.organisationId, acme.webhookId, { limit: 10 }, itself), []);
  });

  it('costs a webhook that verifies nobody no statement, and one that does a single one more, once', async () => {
    const webhooks = createWebhookStore(database.sql, sealer);
    const verification = { type: 'bearer' as const, secret: 'token-of-the-sender' };
    const asks = (change: object) =>
      database.sql.begin((tx) => webhooks.update(acme.organisationId, acme.webhookId, change, tx));
    const rejectionOf = async (headers: Record<string, string>) => {
      statements.length = 0;
      const stored = await events.submit({ ...submission('{}'), headers });
      return [stored?.rejection ?? null, statements.length];
    };
    const right = { authorization: 'Bearer token-of-the-sender' };
    const wrong = { authorization: 'Bearer token-of-another' };
    const refusal = 'The token in Authorization is not the right one';

    assert.deepEqual(await rejectionOf(wrong), [null, 1]);
    await asks({ verification });
    // Tried under what was known, refused by the INSERT, read, and stored with the result.
    assert.deepEqual(await rejectionOf(wrong), [refusal, 3]);
    assert.deepEqual(await rejectionOf(wrong), [refusal, 1]);
    assert.deepEqual(await rejectionOf(right), [null, 1]);
    await asks({ name: 'Renamed' });
    assert.deepEqual(await rejectionOf(right), [null, 1]);
    await asks({ verification: { ...verification, secret: 'another-token' } });
    assert.deepEqual(await rejectionOf(right), [refusal, 3], 'from the moment it is committed');
    await asks({ verification: null });
    assert.deepEqual(await rejectionOf({}), [null, 3]);
    const rungBefore = rings.length;
    await asks({ verification });
    await events.submit({ ...submission('{}'), headers: wrong });
    assert.equal(rings.length, rungBefore, 'nobody is called for what is rejected');
    const [last] = await events.list(acme.organisationId, acme.webhookId, { limit: 1 }, itself);
    assert.deepEqual([last?.status, last?.reason], ['rejected', refusal]);
  });

  it('lets nobody through when the secret cannot be opened', async () => {
    const other = createWebhookStore(database.sql, createSealer('another-secret-key-of-32-characters!!'));
    const verification = { type: 'bearer' as const, secret: 'token-of-the-sender' };
    await database.sql.begin((tx) => other.update(acme.organisationId, acme.webhookId, { verification }, tx));
    const headers = { authorization: 'Bearer token-of-the-sender' };
    const stored = await events.submit({ ...submission('{}'), headers });
    assert.match(stored?.rejection ?? '', /set it again/);
  });

  it('judges a batch of several webhooks each by its own', async () => {
    const webhooks = createWebhookStore(database.sql, sealer);
    const common = { name: null, description: '', monitorUrl: null, monitorMethod: null, checkPaths: {} };
    const strict = await Promise.all(
      [1, 2].map(async (n) => {
        const verification = { type: 'bearer' as const, secret: `token-number-${n}` };
        const made = await webhooks.create(acme.organisationId, { ...common, verification }, database.sql);
        assert.ok(made !== 'unknown_team');
        return made;
      }),
    );
    const ids = [acme.webhookId, ...strict.map(({ id }) => id), uuid()];
    const stored = await Promise.all(
      Array.from({ length: 80 }, (_, index) => {
        const headers = { authorization: 'Bearer token-number-1' };
        return events.submit({ ...submission(`${index}`, ids[index % 4]), headers });
      }),
    );
    const told = stored.map((event) => (event === null ? 'none' : event.rejection === null ? 'taken' : 'rejected'));
    assert.deepEqual(
      told,
      Array.from({ length: 80 }, (_, index) => ['taken', 'taken', 'rejected', 'none'][index % 4]),
    );
    assert.equal(new Set(stored.map((event) => event?.id)).size, 61);
  });

  it('rejects while Postgres is away, and works again when it is back', async () => {
    const away = createSql('postgres://postgres@127.0.0.1:1/nowhere');
    const submit = createEventIntake(away, bell, createSenderChecks(away, sealer));
    await assert.rejects(submit(submission('{}')), /ECONNREFUSED|CONNECT/);
    await assert.rejects(submit(submission('{}')), /ECONNREFUSED|CONNECT/);
    await away.end({ timeout: 1 });
    assert.ok(await events.submit(submission('{}')));
  });

  describe('from our own actions', () => {
    const internal = (rest: object = {}) => ({
      id: uuid(),
      organisationId: acme.organisationId,
      webhookId: acme.webhookId,
      body: Buffer.from('{"from":"us"}'),
      hops: 2,
      ...rest,
    });

    it('are stored once for an id, whoever verifies senders, and ring', async () => {
      const webhooks = createWebhookStore(database.sql, sealer);
      const verification = { type: 'bearer' as const, secret: 'token-of-the-sender' };
      await database.sql.begin((tx) => webhooks.update(acme.organisationId, acme.webhookId, { verification }, tx));
      const event = internal();
      assert.deepEqual(await Promise.all([1, 2, 3].map(() => events.submitInternally(event))), [
        'stored',
        'stored',
        'stored',
      ]);
      assert.deepEqual(rings, [`inbox-${shardOf(acme.webhookId)}`], 'one of them stored it');
      const [kept, ...more] = await events.list(acme.organisationId, acme.webhookId, { limit: 9 }, itself);
      assert.deepEqual(more, []);
      assert.deepEqual(
        [kept?.id, kept?.status, kept?.contentType, kept?.ip, kept?.hops, kept?.body.toString()],
        [event.id, 'pending', 'application/json', '127.0.0.1', 2, '{"from":"us"}'],
      );

      await database.sql`UPDATE events SET status = 'evaluated' WHERE id = ${event.id}`;
      await database.sql`UPDATE webhooks SET enabled = false WHERE id = ${acme.webhookId}`;
      assert.equal(await events.submitInternally({ ...event, hops: 3 }), 'stored', 'it was, before');
      const again = await events.get(acme.organisationId, event.id, itself);
      assert.deepEqual([again?.status, again?.hops], ['evaluated', 2]);
    });

    it('go to enabled webhooks of their organisation alone', async () => {
      const other = await insertOrganisation(database.sql, 'Other');
      assert.equal(await events.submitInternally(internal({ webhookId: other.webhookId })), 'unknown_webhook');
      assert.equal(await events.submitInternally(internal({ webhookId: uuid() })), 'unknown_webhook');
      await database.sql`UPDATE webhooks SET enabled = false WHERE id = ${acme.webhookId}`;
      assert.equal(await events.submitInternally(internal()), 'unknown_webhook');
      await database.sql`UPDATE webhooks SET enabled = true, deleted_at = now() WHERE id = ${acme.webhookId}`;
      assert.equal(await events.submitInternally(internal()), 'unknown_webhook');
      assert.deepEqual(await events.list(other.organisationId, other.webhookId, { limit: 9 }, itself), []);
      assert.deepEqual(rings, []);
    });

    it('never share a time with another of their webhook', async () => {
      const taken = await events.submit(submission('{}'));
      const times = [taken!.receivedAt, taken!.receivedAt, '2026-11-21T05:09:43.120002Z'];
      const submit = createInternalIntake(database.sql, bell, () => times.shift()!);
      const event = internal();
      assert.equal(await submit(event), 'stored');
      const kept = await events.get(acme.organisationId, event.id, itself);
      assert.equal(kept?.receivedAt, '2026-11-21T05:09:43.120002Z');
    });
  });

  describe('evaluated again', () => {
    const replay = (id: string, organisation = acme, webhookId = organisation.webhookId) =>
      database.sql.begin((tx) => events.replay(organisation.organisationId, webhookId, id, itself, tx));
    const finish = (id: string, status: string) => database.sql`
      UPDATE events SET status = ${status}, failures = 3, reason = 'Why' WHERE id = ${id}`;

    it('wait like new ones, if they were evaluated or failed', async () => {
      const { id } = (await events.submit(submission('{}')))!;
      for (const status of ['evaluated', 'failed']) {
        await finish(id, status);
        const again = await replay(id);
        assert.ok(typeof again === 'object');
        assert.deepEqual([again.status, again.reason], ['pending', null]);
        const [row] = await database.sql`SELECT failures FROM events WHERE id = ${id}`;
        assert.equal(row?.failures, 0);
      }
      rings.length = 0;
      events.announce(acme.webhookId);
      assert.deepEqual(rings, [`inbox-${shardOf(acme.webhookId)}`]);
    });

    it('are not waited for while a pump holds them', async () => {
      const { id } = (await events.submit(submission('{}')))!;
      await database.sql.begin(async (tx) => {
        await tx`SELECT 1 FROM events WHERE id = ${id} FOR UPDATE`;
        const answer = await replay(id);
        assert.equal(typeof answer === 'object' && answer.status, 'pending');
      });
    });

    it('are none that were rejected, nor anybody else’s', async () => {
      const { id } = (await events.submit(submission('{}')))!;
      const other = await insertOrganisation(database.sql, 'Other');
      await finish(id, 'evaluated');
      for (const answer of [
        await replay(id, other),
        await replay(id, other, acme.webhookId),
        await replay(id, acme, other.webhookId),
        await replay(uuid()),
      ])
        assert.equal(answer, 'unknown_event');
      await finish(id, 'rejected');
      assert.equal(await replay(id), 'rejected');
      const [row] = await database.sql`SELECT status, failures, reason FROM events WHERE id = ${id}`;
      assert.deepEqual({ ...row }, { status: 'rejected', failures: 3, reason: 'Why' });
      await finish(id, 'failed');
      await database.sql`UPDATE webhooks SET deleted_at = now() WHERE id = ${acme.webhookId}`;
      assert.equal(await replay(id), 'unknown_event');
    });
  });
});
