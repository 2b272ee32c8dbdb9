import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import { createDeliverWebhooks, type DeliverWebhooksDeps } from '../../src/activities/deliver-webhooks.ts';
import { transition as changeIncident } from '../../src/domain/incident/transition.ts';
import type { SubscriptionSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { createLogger } from '../../src/logger.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createDeliveryStore, type DeliveryStore } from '../../src/stores/deliveries.ts';
import { createDeliveryReads, type DeliveryReads } from '../../src/stores/delivery-reads.ts';
import { createBell, createEar, shardOf, type Ear } from '../../src/stores/doorbell.ts';
import { createEventStore } from '../../src/stores/events.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { ringingEar } from '../support/ringing-ear.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

interface StandardBody {
  type: string;
  data: { incident: { id: string; number: number } };
}

describe('activities/deliver-webhooks', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let deliveries: DeliveryStore;
  let reads: DeliveryReads;
  let ear: Ear;
  let statements: string[] = [];
  const logger = createLogger('silent', 'test');
  const sealer = createSealer('a test key of thirty-two characters');
  const receivers: Receiver[] = [];
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    database = await createTestDatabase({ onQuery: (query) => statements.push(query) });
    organisation = await insertOrganisation(database.sql);
    deliveries = createDeliveryStore(database.sql, sealer);
    reads = createDeliveryReads(database.sql);
    ear = await createEar(database.sql);
  });
  after(async () => {
    await ear.close();
    await database.drop();
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
    await database.sql`TRUNCATE delivery_attempts, deliveries, transitions, incidents, subscriptions CASCADE`;
  });

  const receive = async () => {
    const receiver = await createReceiver();
    receivers.push(receiver);
    return receiver;
  };
  /** In shard 0. */
  const subscribe = async (url: string, dialect = 'standard', owner = organisation) => {
    const store = createSubscriptionStore(database.sql, sealer);
    for (;;) {
      const made = await store.create(owner.organisationId, {
        name: 'Receiver',
        url,
        dialect,
        events: [],
      });
      if (shardOf(made.id) !== 0) await database.sql`DELETE FROM subscriptions WHERE id = ${made.id}`;
      else {
        await database.sql`UPDATE subscriptions SET timeout_ms = 10000 WHERE id = ${made.id}`;
        return made;
      }
    }
  };
  let numbers = 0;
  const incident = () => insertIncident(database.sql, organisation, (numbers += 1));
  const transition = (incidentId: string, sequence: number, subscriptionIds: string[]) =>
    insertTransition(database.sql, {
      organisationId: organisation.organisationId,
      incidentId,
      sequence,
      subscriptionIds,
    });
  const bell = () => createBell(database.sql, logger).ring('outbox', [0]);
  const statusesOf = async () => {
    const rows = await database.sql<{ status: string }[]>`SELECT DISTINCT status FROM deliveries ORDER BY 1`;
    return rows.map(({ status }) => status).join();
  };
  const until = async (holds: () => Promise<boolean>, timeoutMs = 30_000) => {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
      assert.ok(Date.now() < deadline, 'waited in vain');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  const create = (deps: Partial<DeliverWebhooksDeps> = {}) =>
    createDeliverWebhooks({
      deliveries,
      post: createPost({ allowedNetworks: ['127.0.0.0/8'] }),
      ear,
      publicUrl: 'https://tocsin.example.com',
      logger,
      ...deps,
    });
  /** Runs the pump until the test ends. */
  const pump = (deps: Partial<DeliverWebhooksDeps> = {}) => {
    const stopping = new AbortController();
    let beats = 0;
    const running = create(deps)(0, stopping.signal, () => (beats += 1));
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopping.abort();
      return (stopped ??= running);
    };
    stops.push(stop);
    return { stop, running, beats: () => beats };
  };

  for (const dialect of ['standard', 'pulseapi'])
    it(`sends ${dialect} signed, so that the public package verifies it`, async () => {
      const receiver = await receive();
      const { id, secret } = await subscribe(receiver.url, dialect);
      const [deliveryId] = await transition(await incident(), 1, [id]);
      if (dialect === 'pulseapi') await database.sql`UPDATE deliveries SET event = 'incident.created'`;
      pump();
      const [request] = await receiver.waitFor((requests) => requests.length === 1);
      const body = new Webhook(secret).verify(request!.body, request!.headers as Record<string, string>);
      assert.equal(request!.headers['webhook-id'], deliveryId);
      assert.equal(request!.headers['content-type'], 'application/json');
      const { type, event } = body as { type?: string; event?: string };
      assert.equal(type ?? event, dialect === 'standard' ? 'incident.triggered' : 'incident.created');
      await until(async () => (await statusesOf()) === 'delivered');
    });

  it('retries on the schedule under the same id, signed anew for its own time', async () => {
    const receiver = await receive();
    receiver.behave({ status: 500, body: 'boom' });
    const { id, secret } = await subscribe(receiver.url);
    await transition(await incident(), 1, [id]);
    pump({ random: () => 0.5 });
    await receiver.waitFor((requests) => requests.length === 1);
    const listed = async () => (await reads.list(organisation.organisationId, id, { limit: 1 }, itself))[0]!;
    await until(async () => (await listed()).attempts[0]!.outcome === 'http_error');
    const { attempts, nextAttemptAt } = await listed();
    const waitMs = Date.parse(nextAttemptAt!) - Date.parse(attempts[0]!.startedAt);
    assert.ok(waitMs >= 5_000 && waitMs < 20_000, `${waitMs}`);
    assert.equal(attempts[0]!.response, 'boom');

    receiver.behave({});
    const [, second] = await receiver.waitFor((requests) => requests.length === 2);
    const [first] = receiver.requests;
    assert.ok(second!.at - first!.at >= 4_900, `${second!.at - first!.at}`);
    assert.equal(second!.headers['webhook-id'], first!.headers['webhook-id']);
    assert.notEqual(second!.headers['webhook-timestamp'], first!.headers['webhook-timestamp']);
    new Webhook(secret).verify(second!.body, second!.headers as Record<string, string>);
    await until(async () => (await listed()).status === 'delivered');
    assert.equal((await listed()).attempts.length, 2);
  });

  it('gives up after the last attempt of the schedule and goes on with what waited behind', async () => {
    const receiver = await receive();
    receiver.behave((request) => ({ status: request.body.includes('"number":1,') ? 500 : 200 }));
    const { id } = await subscribe(receiver.url);
    const incidentId = await incident();
    const [given] = await transition(incidentId, 1, [id]);
    await database.sql`UPDATE deliveries SET attempts = 9 WHERE id = ${given!}`;
    await transition(incidentId, 2, [id]);
    pump();
    await until(async () => (await statusesOf()) === 'delivered,failed');
    assert.equal(receiver.requests.length, 2);
  });

  it('keeps the order of each incident while others proceed', async () => {
    const receiver = await receive();
    receiver.behave({ delayMs: 10 });
    const { id } = await subscribe(receiver.url);
    const incidents = await Promise.all([incident(), incident(), incident()]);
    for (let sequence = 1; sequence <= 10; sequence += 1)
      for (const incidentId of incidents) await transition(incidentId, sequence, [id]);
    // A follower goes at once, not at the next look.
    pump({ ear: ringingEar(ear) });
    await receiver.waitFor((requests) => requests.length === 30);
    const order = new Map<string, number[]>();
    for (const { body } of receiver.requests) {
      const { id: incidentId, number } = (JSON.parse(body) as StandardBody).data.incident;
      order.set(incidentId, [...(order.get(incidentId) ?? []), number]);
    }
    for (const incidentId of incidents) assert.deepEqual(order.get(incidentId), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('works a queue of one endpoint off without a pause, some at a time', async () => {
    const receiver = await receive();
    let [inFlight, most] = [0, 0];
    receiver.behave({
      respond(response) {
        most = Math.max(most, (inFlight += 1));
        setTimeout(() => {
          inFlight -= 1;
          response.end();
        }, Math.random() * 20);
      },
    });
    const { id } = await subscribe(receiver.url);
    for (let index = 0; index < 100; index += 1) await transition(await incident(), 1, [id]);
    pump({ limits: { total: 20, perEndpoint: 4 }, ear: ringingEar(ear) });
    await receiver.waitFor((requests) => requests.length === 100);
    assert.equal(most, 4);
  });

  it('lets no dead endpoint delay another, however many there are', async () => {
    const [dead, alive] = [await receive(), await receive()];
    dead.behave({ hang: true });
    const good = await subscribe(alive.url);
    await transition(await incident(), 1, [good.id]);
    pump({ limits: { total: 20, perEndpoint: 4 } });
    await alive.waitFor((requests) => requests.length === 1);

    const hanging = [];
    for (let index = 0; index < 30; index += 1) hanging.push((await subscribe(dead.url)).id);
    await database.sql`UPDATE subscriptions SET timeout_ms = 30000`;
    for (let index = 0; index < 4; index += 1) await transition(await incident(), 1, hanging);
    await dead.waitFor((requests) => requests.length === 5);
    for (let index = 0; index < 10; index += 1) {
      const startedAt = Date.now();
      await transition(await incident(), 1, [good.id]);
      bell();
      await alive.waitFor((requests) => requests.length === index + 2);
      assert.ok(Date.now() - startedAt < 10_000, `${Date.now() - startedAt} ms`);
    }
    assert.equal(dead.requests.length, 5, 'the dead ones keep to their share');
    await dead.close();
  });

  it('sends again what a killed worker had taken, under the same id', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url);
    await database.sql`UPDATE subscriptions SET timeout_ms = 1000`;
    const [deliveryId] = await transition(await incident(), 1, [id]);
    // A worker that sent it and died before it stored the answer.
    let buried = () => {};
    const death = new Promise<void>((resolve) => (buried = resolve));
    const record = () => death.then(() => ({ stored: false, followerDue: false, disabled: null }));
    const died = create({ deliveries: { take: deliveries.take, record }, leaseMarginMs: 300, runMs: 100 });
    const dying = died(0, new AbortController().signal, () => undefined);
    await receiver.waitFor((requests) => requests.length === 1);
    pump();
    await receiver.waitFor((requests) => requests.length === 2);
    buried();
    await Promise.all([dying, died.settled()]);
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers['webhook-id']),
      [deliveryId, deliveryId],
    );
    await until(async () => (await statusesOf()) === 'delivered');
    const [delivery] = await reads.list(organisation.organisationId, id, { limit: 1 }, itself);
    assert.deepEqual(
      delivery!.attempts.map(({ outcome }) => outcome),
      [null, 'success'],
    );
  });

  it('costs two statements a delivery and wakes at the bell', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url);
    pump({ ear: ringingEar(ear) });
    await transition(await incident(), 1, [id]);
    bell();
    await until(async () => (await statusesOf()) === 'delivered');
    statements = [];
    await transition(await incident(), 1, [id]);
    bell();
    await receiver.waitFor(({ length }) => length === 2);
    await until(async () => (await statusesOf()) === 'delivered');
    assert.equal(statements.filter((query) => query.includes('WITH judged')).length, 1);
    const sent = statements.filter((query) => query.includes('WITH RECURSIVE endpoints')).length;
    // One that took it; a look that fell into the same moment is not the delivery's.
    assert.ok(sent >= 1 && sent <= 2, `${sent}`);
  });

  it('stops at once when told to, takes nothing more, and stores what is in flight', async () => {
    const receiver = await receive();
    let answer = () => {};
    receiver.behave({ respond: (response) => void (answer = () => response.end()) });
    const { id } = await subscribe(receiver.url);
    await transition(await incident(), 1, [id]);
    const { stop } = pump({ ear: ringingEar(ear) });
    await receiver.waitFor((requests) => requests.length === 1);
    await transition(await incident(), 1, [id]);
    const startedAt = Date.now();
    const stopped = stop();
    answer();
    await stopped;
    assert.ok(Date.now() - startedAt < 20_000, 'long before its round is over');
    assert.equal(receiver.requests.length, 1);
    assert.equal(await statusesOf(), 'delivered,pending');
  });

  it('ends its run in time although an endpoint hangs, and the next run goes on', async () => {
    const [dead, alive] = [await receive(), await receive()];
    dead.behave({ hang: true });
    const [one, other] = [await subscribe(dead.url), await subscribe(alive.url)];
    await transition(await incident(), 1, [one.id, other.id]);
    await database.sql`UPDATE subscriptions SET timeout_ms = 6000`;
    const deliver = create({ runMs: 300 });
    const never = new AbortController().signal;
    const startedAt = Date.now();
    await deliver(0, never, () => undefined);
    assert.ok(Date.now() - startedAt < 5_500, `${Date.now() - startedAt} ms`);
    await dead.waitFor(({ length }) => length === 1);
    await transition(await incident(), 1, [one.id, other.id]);
    await deliver(0, never, () => undefined);
    await alive.waitFor(({ length }) => length === 2);
    assert.equal(dead.requests.length, 1, 'what is in flight still counts');
    await deliver.settled();
    const [delivery] = (await reads.list(organisation.organisationId, one.id, { limit: 2 }, itself)).slice(-1);
    assert.equal(delivery!.attempts[0]!.outcome, 'timeout');
  });

  it('beats every second and idles cheaply', async () => {
    const startedAt = performance.now();
    const { beats } = pump();
    statements = [];
    await until(async () => beats() >= 2);
    const seconds = (performance.now() - startedAt) / 1_000;
    assert.ok(statements.length <= 2 + seconds, `${statements.length} statements in ${seconds} seconds`);
  });

  it('shows what it could not compose and tries again later', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url, 'of-a-newer-release');
    await transition(await incident(), 1, [id]);
    pump();
    const first = async () => (await reads.list(organisation.organisationId, id, { limit: 1 }, itself))[0]!;
    await until(async () => (await first()).attempts[0]?.outcome === 'internal_error');
    assert.equal((await first()).status, 'pending');
    assert.equal(receiver.requests.length, 0);
  });

  it('stores an outcome although Postgres hiccups', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url);
    await transition(await incident(), 1, [id]);
    let failures = 2;
    const record: DeliveryStore['record'] = async (...args) => {
      if (failures-- > 0) throw new Error('CONNECTION_CLOSED');
      return deliveries.record(...args);
    };
    pump({ deliveries: { take: deliveries.take, record } });
    await until(async () => (await statusesOf()) === 'delivered');
    assert.equal(receiver.requests.length, 1);
  });

  it('throws when it cannot take', async () => {
    const take = () => Promise.reject(new Error('CONNECTION_CLOSED'));
    const deliver = create({ deliveries: { take, record: deliveries.record } });
    await assert.rejects(
      deliver(0, new AbortController().signal, () => undefined),
      /CONNECTION_CLOSED/,
    );
  });

  const listed = async (id: string) => (await reads.list(organisation.organisationId, id, { limit: 1 }, itself))[0]!;
  /** Many deliveries that are due, each of an incident of its own, in one statement. */
  const enqueue = (subscriptionIds: string[], each: number, owner = organisation) =>
    database.sql`
      INSERT INTO deliveries (id, organisation_id, subscription_id, subject_id, sequence, event, snapshot, shard,
        next_attempt_at, created_at)
      SELECT gen_random_uuid(), ${owner.organisationId}, s.id, gen_random_uuid(), n, 'subscription.disabled',
        ${database.sql.json(disabledSnapshot as never)}, 0, now(), now()
      FROM unnest(${subscriptionIds}::uuid[]) AS s (id) CROSS JOIN generate_series(1, ${each}::integer) AS n`;

  it('waits for an answer as long as the subscription says', async () => {
    const receiver = await receive();
    receiver.behave({ delayMs: 4_000 });
    const [short, long] = [await subscribe(receiver.url), await subscribe(receiver.url)];
    await database.sql`UPDATE subscriptions SET timeout_ms = 1000 WHERE id = ${short.id}`;
    await database.sql`UPDATE subscriptions SET timeout_ms = 30000 WHERE id = ${long.id}`;
    await transition(await incident(), 1, [short.id, long.id]);
    pump();
    await until(async () => (await statusesOf()) === 'delivered,pending');
    const { attempts, nextAttemptAt } = await listed(short.id);
    assert.equal(attempts[0]!.outcome, 'timeout');
    assert.ok(attempts[0]!.durationMs! >= 900 && attempts[0]!.durationMs! < 3_900, `${attempts[0]!.durationMs}`);
    assert.ok(Date.parse(nextAttemptAt!) - Date.now() > 30_000, 'what is overwhelmed is left alone for a minute');
    assert.equal((await listed(long.id)).attempts[0]!.outcome, 'success');
  });

  it('leaves an endpoint alone for as long as it asks, and no other', async () => {
    const [busy, other] = [await receive(), await receive()];
    busy.behave((request) =>
      request.headers['webhook-id'] === first ? { status: 429, headers: { 'retry-after': '2' } } : {},
    );
    const [one, two] = [await subscribe(busy.url), await subscribe(other.url)];
    const [first] = await transition(await incident(), 1, [one.id]);
    pump();
    await busy.waitFor((requests) => requests.length === 1);
    const askedAt = busy.requests[0]!.at;
    await until(async () => (await listed(one.id)).attempts[0]!.outcome === 'http_error');
    await transition(await incident(), 1, [one.id, two.id]);
    bell();
    await other.waitFor((requests) => requests.length === 1);
    const [, next] = await busy.waitFor((requests) => requests.length === 2);
    assert.ok(next!.at - askedAt >= 1_900, `${next!.at - askedAt}`);
    assert.notEqual(next!.headers['webhook-id'], first);
  });

  it('stops trying a dead endpoint, so that its queue spends no attempts, and probes it with one', async () => {
    const receiver = await receive();
    receiver.behave({ status: 500 });
    const { id } = await subscribe(receiver.url);
    await enqueue([id], 200);
    pump();
    const paused = async () => {
      const [row] = await database.sql`SELECT 1 FROM subscriptions WHERE paused_until > now() + interval '20 seconds'`;
      return row !== undefined;
    };
    await until(paused);
    // What a look that was under way then may still take: the second one after it begins when that is over.
    statements = [];
    await until(async () => statements.filter((query) => query.includes('WITH RECURSIVE endpoints')).length >= 2);
    await until(async () => {
      const [row] = await database.sql`SELECT count(*) FROM deliveries WHERE lease_token IS NOT NULL`;
      return row!.count === 0;
    });
    const most = 10 + 2 * 8;
    const before = receiver.requests.length;
    assert.ok(before >= 10 && before <= most, `${before}`);
    await database.sql`UPDATE subscriptions SET paused_until = now()`;
    bell();
    await receiver.waitFor((requests) => requests.length === before + 1);
    await until(paused);
    assert.equal(receiver.requests.length, before + 1, 'one probe');

    receiver.behave({});
    await database.sql`UPDATE subscriptions SET paused_until = now()`;
    await database.sql`UPDATE deliveries SET next_attempt_at = now() WHERE status = 'pending'`;
    bell();
    await until(async () => (await statusesOf()) === 'delivered', 60_000);
  });

  it('keeps to a rate limit, steadily, without looking again and again', async () => {
    const [limited, other] = [await receive(), await receive()];
    const [slow, fast] = [await subscribe(limited.url), await subscribe(other.url)];
    await database.sql`UPDATE subscriptions SET rate_limit = 10 WHERE id = ${slow.id}`;
    await enqueue([slow.id, fast.id], 25);
    statements = [];
    pump();
    await other.waitFor((requests) => requests.length === 25);
    assert.ok(limited.requests.length < 25, 'the others do not wait for it');
    const requests = await limited.waitFor(({ length }) => length === 25);
    const tookMs = requests.at(-1)!.at - requests[0]!.at;
    assert.ok(tookMs >= 2_200 && tookMs < 20_000, `${tookMs} ms`);
    for (const { at } of requests) {
      const within = requests.filter((one) => one.at >= at && one.at < at + 900).length;
      assert.ok(within <= 18, `${within} in a second`);
    }
    const looks = statements.filter((query) => query.includes('WITH RECURSIVE endpoints')).length;
    assert.ok(looks < 150 + tookMs / 20, `${looks} looks`);
  });

  it('sends nothing more to a subscription that is deleted while a retry waits', async () => {
    const receiver = await receive();
    receiver.behave({ status: 500 });
    const { id } = await subscribe(receiver.url);
    await transition(await incident(), 1, [id]);
    pump();
    await until(async () => (await listed(id))?.attempts[0]?.outcome === 'http_error');
    await database.sql`UPDATE subscriptions SET deleted_at = now() WHERE id = ${id}`;
    await database.sql`UPDATE deliveries SET next_attempt_at = now()`;
    const other = await receive();
    const { id: otherId } = await subscribe(other.url);
    await transition(await incident(), 1, [otherId]);
    bell();
    await until(async () => (await listed(otherId)).status === 'delivered');
    assert.equal(receiver.requests.length, 1);
  });

  it('disables what answers 410', async () => {
    const receiver = await receive();
    receiver.behave({ status: 410 });
    const { id } = await subscribe(receiver.url);
    const incidentId = await incident();
    await transition(incidentId, 1, [id]);
    await transition(incidentId, 2, [id]);
    pump();
    await until(async () => (await statusesOf()) === 'failed,pending');
    const [row] = await database.sql`SELECT enabled, disabled_reason, notice_due FROM subscriptions WHERE id = ${id}`;
    assert.deepEqual({ ...row }, { enabled: false, disabledReason: 'gone', noticeDue: true });
    bell();
    assert.equal(receiver.requests.length, 1);
  });

  it('lets ten thousand deliveries to a dead endpoint slow no other', async () => {
    const [dead, alive] = [await receive(), await receive()];
    dead.behave({ hang: true });
    const [one, other] = [await subscribe(dead.url), await subscribe(alive.url)];
    await database.sql`UPDATE subscriptions SET timeout_ms = 1000 WHERE id = ${one.id}`;
    await enqueue([one.id], 10_000);
    pump();
    await dead.waitFor((requests) => requests.length === 1);
    for (let index = 0; index < 20; index += 1) {
      await transition(await incident(), 1, [other.id]);
      const startedAt = Date.now();
      bell();
      await alive.waitFor((requests) => requests.length === index + 1);
      assert.ok(Date.now() - startedAt < 10_000, `${Date.now() - startedAt} ms`);
    }
  });

  it('lets a thousand dead endpoints of one organisation delay no other organisation', async function () {
    this.timeout(120_000);
    const [dead, alive] = [await receive(), await receive()];
    dead.behave({ hang: true });
    const other = await insertOrganisation(database.sql, 'Other');
    const { id } = await subscribe(dead.url);
    // Copies of the one, all of this shard; their secrets cannot be opened, so they are not sent but take their turn.
    await database.sql`
      INSERT INTO subscriptions (id, organisation_id, name, url, dialect, events, secret, timeout_ms)
      SELECT overlay(gen_random_uuid()::text placing '00' from 35 for 2)::uuid, organisation_id, name, url, dialect, events,
        secret, 30000
      FROM subscriptions CROSS JOIN generate_series(1, 1000) WHERE subscriptions.id = ${id}`;
    const copies = await database.sql<{ id: string }[]>`SELECT id FROM subscriptions`;
    await enqueue(
      copies.map((copy) => copy.id),
      10,
    );
    const hanging = createPost({ allowedNetworks: ['127.0.0.0/8'] });
    pump({
      deliveries: {
        ...deliveries,
        // Whatever their secrets are: the requests hang, which is all that matters of them.
        take: async (shard, options) => {
          const taken = await deliveries.take(shard, options);
          const opened = taken.deliveries.map((one) =>
            one.organisationId === other.organisationId
              ? one
              : { ...one, secrets: () => ['whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='] },
          );
          return { ...taken, deliveries: opened };
        },
      },
      post: hanging,
      limits: { total: 64, perEndpoint: 8 },
    });
    await dead.waitFor((requests) => requests.length === 16);
    // Endpoints that nobody knows yet, so none of them has earned any trust.
    for (let index = 0; index < 10; index += 1) {
      const { id: newcomer } = await subscribe(alive.url, 'standard', other);
      await enqueue([newcomer], 1, other);
      const startedAt = Date.now();
      bell();
      await alive.waitFor((requests) => requests.length === index + 1);
      assert.ok(Date.now() - startedAt < 10_000, `${Date.now() - startedAt} ms`);
    }
    assert.equal(dead.requests.length, 16, 'they keep to half of what newcomers may get');
    await dead.close();
  });

  it('gives up a webhook that leads back to itself, and says so', async () => {
    const receiver = await receive();
    const inbound = `${new URL(receiver.url).origin}/v1/incident/webhook/${organisation.webhookId}`;
    const { id } = await subscribe(inbound);
    // However far down the chain, whoever cannot close it is told.
    const bystander = await receive();
    const { id: bystanderId } = await subscribe(bystander.url);
    await database.sql`
      UPDATE subscriptions SET events = ARRAY['incident.triggered'] WHERE id = ANY(${[id, bystanderId]}::uuid[])`;
    const events = createEventStore(database.sql, { ring: () => {} }, sealer);
    // What it receives comes back as an event, and each event opens an incident.
    const submitted: Promise<unknown>[] = [];
    const openFrom = async (headers: Record<string, string>) => {
      const { webhookId } = organisation;
      const stored = { webhookId, contentType: 'application/json', ip: '127.0.0.1', headers, body: Buffer.from('{}') };
      await events.submit(stored);
      const [event] = await database.sql<
        { id: string }[]
      >`SELECT id FROM events ORDER BY received_at DESC, id DESC LIMIT 1`;
      const state = await storeIncident(database.sql, organisation);
      await database.sql`UPDATE incidents SET event_id = ${event!.id} WHERE id = ${state.incidentId}`;
      const agent = { type: 'key', id: null, name: 'Test key' } as const;
      const trigger = { type: 'trigger', id: uuid(), agent, channel: 'api' } as const;
      const opened = changeIncident(state, trigger, new Date().toISOString());
      assert.ok(opened.accepted);
      await createTransitionStore(database.sql, createBell(database.sql, logger)).record(
        organisation.organisationId,
        state.incidentId,
        [opened.transition],
      );
    };
    receiver.behave({
      respond(response, { headers }) {
        response.end();
        submitted.push(openFrom(headers as Record<string, string>));
      },
    });
    pump();
    submitted.push(openFrom({}));
    await until(async () => (await listed(id))?.attempts[0]?.outcome === 'loop');
    await Promise.all(submitted);
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers['tocsin-hops']),
      ['1', '2', '3'],
    );
    const last = await listed(id);
    assert.equal(last.status, 'failed');
    assert.match(last.attempts[0]!.error!, /leads? back to itself/);
    const [row] = await database.sql`SELECT enabled, failing_since FROM subscriptions WHERE id = ${id}`;
    assert.deepEqual({ ...row }, { enabled: true, failingSince: null }, 'its receiver is not to blame');
    await bystander.waitFor((requests) => requests.length === 4);
  });

  it('shows no header value of its own that a receiver repeats', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url);
    const sealed = sealer.seal(JSON.stringify({ 'X-Token': 'top"secret' }), id);
    await database.sql`UPDATE subscriptions SET headers = ${sealed}, header_names = '{X-Token}' WHERE id = ${id}`;
    receiver.behave({
      respond: (response, { headers }) => void response.end(`${headers['x-token']} ${JSON.stringify(headers)}`),
    });
    pump();
    await enqueue([id], 1);
    bell();
    await until(async () => (await listed(id))?.attempts[0]?.outcome === 'success');
    const { response } = (await listed(id)).attempts[0]!;
    assert.match(response!, /^<redacted> \{/);
    assert.doesNotMatch(response!, /top.{0,2}secret/);
  });
});

const disabledSnapshot: SubscriptionSnapshot = {
  kind: 'subscription',
  change: 'disabled',
  at: '2026-04-16T14:23:00.000Z',
  reason: 'failing',
  organisation: { id: '0199aaaa-0000-7000-8000-000000000002', name: 'Acme' },
  subscription: { id: '0199aaaa-0000-7000-8000-000000000005', name: 'Other' },
};
