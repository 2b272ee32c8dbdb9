import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { createDeliverWebhooks, type DeliverWebhooksDeps } from '../../src/activities/deliver-webhooks.ts';
import { createLogger } from '../../src/logger.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createDeliveryStore, type DeliveryStore } from '../../src/stores/deliveries.ts';
import { createBell, createEar, shardOf, type Ear } from '../../src/stores/doorbell.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

interface StandardBody {
  type: string;
  data: { incident: { id: string; number: number } };
}

describe('activities/deliver-webhooks', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let deliveries: DeliveryStore;
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
  const subscribe = async (url: string, dialect = 'standard') => {
    const store = createSubscriptionStore(database.sql, sealer);
    for (;;) {
      const made = await store.create(organisation.organisationId, {
        name: 'Receiver',
        url,
        dialect,
        events: [],
        transitionTypes: [],
      });
      if (shardOf(made.id) === 0) return made;
      await database.sql`DELETE FROM subscriptions WHERE id = ${made.id}`;
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
  const until = async (holds: () => Promise<boolean>, timeoutMs = 5_000) => {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
      assert.ok(Date.now() < deadline, 'waited in vain');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  const create = (deps: Partial<DeliverWebhooksDeps> = {}) =>
    createDeliverWebhooks({
      deliveries,
      post: createPost({ allowedNetworks: ['127.0.0.0/8'], timeoutMs: 2_000 }),
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
    const listed = async () => (await deliveries.list(organisation.organisationId, id, { limit: 1 }))[0]!;
    await until(async () => (await listed()).attempts[0]!.outcome === 'http_error');
    const { attempts, nextAttemptAt } = await listed();
    const waitMs = Date.parse(nextAttemptAt!) - Date.parse(attempts[0]!.startedAt);
    assert.ok(waitMs >= 5_000 && waitMs < 5_500, `${waitMs}`);
    assert.equal(attempts[0]!.response, 'boom');

    receiver.behave({});
    const [, second] = await receiver.waitFor((requests) => requests.length === 2, 8_000);
    const [first] = receiver.requests;
    assert.ok(second!.at - first!.at >= 4_900 && second!.at - first!.at < 6_500, `${second!.at - first!.at}`);
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
    pump();
    const startedAt = Date.now();
    await receiver.waitFor((requests) => requests.length === 30);
    assert.ok(Date.now() - startedAt < 3_000, 'a follower goes at once, not at the next look');
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
    const startedAt = Date.now();
    pump({ limits: { total: 20, perEndpoint: 4 } });
    await receiver.waitFor((requests) => requests.length === 100);
    assert.ok(Date.now() - startedAt < 3_000, `${Date.now() - startedAt} ms`);
    assert.equal(most, 4);
  });

  it('lets no dead endpoint delay another, however many there are', async () => {
    const [dead, alive] = [await receive(), await receive()];
    dead.behave({ hang: true });
    const good = await subscribe(alive.url);
    await transition(await incident(), 1, [good.id]);
    pump({
      limits: { total: 20, perEndpoint: 4 },
      post: createPost({ allowedNetworks: ['127.0.0.0/8'], timeoutMs: 10_000 }),
    });
    await alive.waitFor((requests) => requests.length === 1);

    const hanging = [];
    for (let index = 0; index < 30; index += 1) hanging.push((await subscribe(dead.url)).id);
    for (let index = 0; index < 4; index += 1) await transition(await incident(), 1, hanging);
    await dead.waitFor((requests) => requests.length === 10);
    for (let index = 0; index < 10; index += 1) {
      const startedAt = Date.now();
      await transition(await incident(), 1, [good.id]);
      bell();
      await alive.waitFor((requests) => requests.length === index + 2);
      assert.ok(Date.now() - startedAt < 500, `${Date.now() - startedAt} ms`);
    }
    assert.equal(dead.requests.length, 10, 'the dead ones keep to their half');
    await dead.close();
  });

  it('sends again what a killed worker had taken, under the same id', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url);
    const [deliveryId] = await transition(await incident(), 1, [id]);
    // A worker that sent it and died before it stored the answer.
    let buried = () => {};
    const death = new Promise<void>((resolve) => (buried = resolve));
    const record = () => death.then(() => ({ stored: false, followerDue: false }));
    const died = create({ deliveries: { take: deliveries.take, record }, leaseMs: 300, runMs: 100 });
    const dying = died(0, new AbortController().signal, () => undefined);
    await receiver.waitFor((requests) => requests.length === 1);
    pump({ leaseMs: 5_000 });
    await receiver.waitFor((requests) => requests.length === 2);
    buried();
    await Promise.all([dying, died.settled()]);
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers['webhook-id']),
      [deliveryId, deliveryId],
    );
    await until(async () => (await statusesOf()) === 'delivered');
    const [delivery] = await deliveries.list(organisation.organisationId, id, { limit: 1 });
    assert.deepEqual(
      delivery!.attempts.map(({ outcome }) => outcome),
      [null, 'success'],
    );
  });

  it('costs two statements a delivery and wakes at the bell', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url);
    pump();
    await transition(await incident(), 1, [id]);
    bell();
    await until(async () => (await statusesOf()) === 'delivered');
    statements = [];
    await transition(await incident(), 1, [id]);
    const startedAt = Date.now();
    bell();
    const requests = await receiver.waitFor(({ length }) => length === 2);
    assert.ok(requests[1]!.at - startedAt < 500, 'sooner than the next look');
    await until(async () => (await statusesOf()) === 'delivered');
    assert.equal(statements.filter((query) => query.includes('WITH settled')).length, 1);
    const sent = statements.filter((query) => query.includes('WITH RECURSIVE endpoints')).length;
    // One that took it; a look that fell into the same moment is not the delivery's.
    assert.ok(sent >= 1 && sent <= 2, `${sent}`);
  });

  it('stops at once when told to, takes nothing more, and stores what is in flight', async () => {
    const receiver = await receive();
    receiver.behave({ delayMs: 300 });
    const { id } = await subscribe(receiver.url);
    await transition(await incident(), 1, [id]);
    const { stop } = pump();
    await receiver.waitFor((requests) => requests.length === 1);
    await transition(await incident(), 1, [id]);
    const startedAt = Date.now();
    await stop();
    assert.ok(Date.now() - startedAt < 1_000);
    assert.equal(receiver.requests.length, 1);
    assert.equal(await statusesOf(), 'delivered,pending');
  });

  it('ends its run in time although an endpoint hangs, and the next run goes on', async () => {
    const [dead, alive] = [await receive(), await receive()];
    dead.behave({ hang: true });
    const [one, other] = [await subscribe(dead.url), await subscribe(alive.url)];
    await transition(await incident(), 1, [one.id, other.id]);
    const deliver = create({ runMs: 300 });
    const never = new AbortController().signal;
    let startedAt = Date.now();
    await deliver(0, never, () => undefined);
    assert.ok(Date.now() - startedAt < 1_500, `${Date.now() - startedAt} ms`);
    await transition(await incident(), 1, [one.id, other.id]);
    startedAt = Date.now();
    await deliver(0, never, () => undefined);
    assert.equal(alive.requests.length, 2);
    assert.equal(dead.requests.length, 1, 'what is in flight still counts');
    await deliver.settled();
    const [delivery] = (await deliveries.list(organisation.organisationId, one.id, { limit: 2 })).slice(-1);
    assert.equal(delivery!.attempts[0]!.outcome, 'timeout');
  });

  it('beats every second and idles cheaply', async () => {
    const { beats } = pump();
    statements = [];
    await until(async () => beats() >= 2);
    assert.ok(statements.length <= 4, `${statements.length} statements in two seconds`);
  });

  it('shows what it could not compose and tries again later', async () => {
    const receiver = await receive();
    const { id } = await subscribe(receiver.url, 'of-a-newer-release');
    await transition(await incident(), 1, [id]);
    pump();
    const first = async () => (await deliveries.list(organisation.organisationId, id, { limit: 1 }))[0]!;
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
});
