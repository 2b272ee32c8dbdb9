import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { AttemptResult } from '../../src/domain/webhook/attempt.ts';
import { createDeliveryStore, type DeliveryStore, type TakeOptions } from '../../src/stores/deliveries.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

const success: AttemptResult = { outcome: 'success', statusCode: 200, durationMs: 12, error: null, response: 'ok' };
const failure: AttemptResult = {
  outcome: 'http_error',
  statusCode: 503,
  durationMs: 12,
  error: 'answered 503',
  response: 'down',
};

describe('stores/deliveries', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let deliveries: DeliveryStore;
  let statements = 0;
  const sealer = createSealer('a test key of thirty-two characters');

  before(async () => {
    database = await createTestDatabase({ onQuery: () => (statements += 1) });
    organisation = await insertOrganisation(database.sql);
    deliveries = createDeliveryStore(database.sql, sealer);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.sql`TRUNCATE delivery_attempts, deliveries, transitions, incidents CASCADE`;
  });

  /** A subscription whose rows fall into shard 0. */
  const subscribe = async (): Promise<{ id: string; secret: string }> => {
    const store = createSubscriptionStore(database.sql, sealer);
    for (;;) {
      const made = await store.create(organisation.organisationId, {
        name: 'Receiver',
        url: 'https://example.com/hook',
        dialect: 'standard',
        events: ['incident.triggered'],
        transitionTypes: ['triggered'],
      });
      if (shardOf(made.id) === 0) return made;
      await database.sql`DELETE FROM subscriptions WHERE id = ${made.id}`;
    }
  };
  let numbers = 0;
  const incident = () => insertIncident(database.sql, organisation, (numbers += 1));
  const transition = async (incidentId: string, sequence: number, subscriptionIds: string[], dueAt?: string) => {
    const { organisationId } = organisation;
    return insertTransition(database.sql, { organisationId, incidentId, sequence, subscriptionIds, dueAt });
  };
  const take = (options: Partial<TakeOptions> = {}) =>
    deliveries.take(0, { limit: 100, allowances: {}, newcomerLimit: 100, leaseMs: 15_000, ...options });
  const takenIds = async (options: Partial<TakeOptions> = {}) => (await take(options)).deliveries.map(({ id }) => id);
  const expireLeases = () =>
    database.sql`UPDATE deliveries SET leased_until = now(), next_attempt_at = now() WHERE lease_token IS NOT NULL`;

  it('hands out what is due with all it takes to send it, in one statement, and shows the attempt as begun', async () => {
    const subscription = await subscribe();
    const incidentId = await incident();
    const [id] = await transition(incidentId, 1, [subscription.id]);
    statements = 0;
    const { deliveries: taken } = await take();
    assert.equal(statements, 1);
    assert.equal(taken.length, 1);
    const [delivery] = taken;
    assert.equal(delivery!.id, id);
    assert.equal(delivery!.organisationId, organisation.organisationId);
    assert.equal(delivery!.subscriptionId, subscription.id);
    assert.equal(delivery!.url, 'https://example.com/hook');
    assert.equal(delivery!.dialect, 'standard');
    assert.equal(delivery!.attempts, 1);
    assert.equal(delivery!.snapshot.incident.id, incidentId);
    assert.deepEqual(delivery!.secrets(), [subscription.secret]);

    const [listed] = await deliveries.list(organisation.organisationId, subscription.id, { limit: 10 });
    assert.equal(listed!.status, 'pending');
    assert.equal(listed!.nextAttemptAt, null);
    assert.deepEqual(
      listed!.attempts.map(({ number, outcome }) => ({ number, outcome })),
      [{ number: 1, outcome: null }],
    );
  });

  it('a success settles it, in one statement', async () => {
    const subscription = await subscribe();
    await transition(await incident(), 1, [subscription.id]);
    const [delivery] = (await take()).deliveries;
    statements = 0;
    assert.deepEqual(await deliveries.record(delivery!, success, null), { stored: true, followerDue: false });
    assert.equal(statements, 1);
    assert.deepEqual(await takenIds(), []);
    const [listed] = await deliveries.list(organisation.organisationId, subscription.id, { limit: 10 });
    assert.equal(listed!.status, 'delivered');
    assert.equal(listed!.attempts[0]!.outcome, 'success');
    assert.equal(listed!.attempts[0]!.statusCode, 200);
    assert.equal(listed!.attempts[0]!.response, 'ok');
  });

  it('a failure comes due again when it should, under the same id, until it is given up', async () => {
    const subscription = await subscribe();
    const [id] = await transition(await incident(), 1, [subscription.id]);
    const [first] = (await take()).deliveries;
    await deliveries.record(first!, failure, 60_000);
    const waiting = await take();
    assert.deepEqual(waiting.deliveries, []);
    assert.ok(waiting.nextDueInMs! > 59_000 && waiting.nextDueInMs! <= 60_000, `${waiting.nextDueInMs}`);

    await database.sql`UPDATE deliveries SET next_attempt_at = now()`;
    const [second] = (await take()).deliveries;
    assert.equal(second!.id, id);
    assert.equal(second!.attempts, 2);
    await deliveries.record(second!, failure, null);
    assert.deepEqual(await takenIds(), []);
    const [listed] = await deliveries.list(organisation.organisationId, subscription.id, { limit: 10 });
    assert.equal(listed!.status, 'failed');
    assert.deepEqual(
      listed!.attempts.map(({ outcome }) => outcome),
      ['http_error', 'http_error'],
    );
  });

  it('a lease that ran out is taken again under the same id, and the late outcome stores nothing', async () => {
    const subscription = await subscribe();
    const [id] = await transition(await incident(), 1, [subscription.id]);
    const [lost] = (await take()).deliveries;
    assert.deepEqual(await takenIds(), [], 'leased rows are not due');
    await expireLeases();
    const [again] = (await take()).deliveries;
    assert.equal(again!.id, id);
    assert.equal(again!.attempts, 2);
    assert.notEqual(again!.leaseToken, lost!.leaseToken);

    assert.deepEqual(await deliveries.record(lost!, success, null), { stored: false, followerDue: false });
    assert.deepEqual(await deliveries.record(again!, success, null), { stored: true, followerDue: false });
    assert.deepEqual(await deliveries.record(again!, success, null), { stored: false, followerDue: false });
    const [listed] = await deliveries.list(organisation.organisationId, subscription.id, { limit: 10 });
    assert.deepEqual(
      listed!.attempts.map(({ number, outcome }) => ({ number, outcome })),
      [
        { number: 1, outcome: null },
        { number: 2, outcome: 'success' },
      ],
    );
  });

  it('an outcome that comes after its lease, but before anybody else, is still stored', async () => {
    const subscription = await subscribe();
    await transition(await incident(), 1, [subscription.id]);
    const [delivery] = (await take()).deliveries;
    await expireLeases();
    assert.equal((await deliveries.record(delivery!, success, null)).stored, true);
  });

  it('keeps the order of one incident for one subscription, and lets everything else pass', async () => {
    const [one, other] = [await subscribe(), await subscribe()];
    const [incidentA, incidentB] = [await incident(), await incident()];
    const [firstOne, firstOther] = await transition(incidentA, 1, [one.id, other.id]);
    const [secondOne, secondOther] = await transition(incidentA, 2, [one.id, other.id]);
    const [thirdOne] = await transition(incidentA, 3, [one.id]);
    const [aside] = await transition(incidentB, 1, [one.id]);
    const allowances = { [one.id]: 10, [other.id]: 10 };

    const taken = (await take({ allowances })).deliveries;
    assert.deepEqual(taken.map(({ id }) => id).sort(), [firstOne, firstOther, aside].sort());
    const of = (id: string | undefined) => taken.find((delivery) => delivery.id === id)!;

    assert.equal((await deliveries.record(of(firstOther), success, null)).followerDue, true);
    assert.deepEqual(await takenIds({ allowances }), [secondOther]);

    // A failing one keeps its followers waiting until it is given up.
    assert.equal((await deliveries.record(of(firstOne), failure, 60_000)).followerDue, false);
    assert.deepEqual(await takenIds({ allowances }), []);
    await database.sql`UPDATE deliveries SET next_attempt_at = now() WHERE id = ${firstOne!}`;
    const [retry] = (await take({ allowances })).deliveries;
    assert.equal(retry!.id, firstOne);
    assert.equal((await deliveries.record(retry!, failure, null)).followerDue, true);
    const [next] = (await take({ allowances })).deliveries;
    assert.equal(next!.id, secondOne);
    await deliveries.record(next!, success, null);
    assert.deepEqual(await takenIds({ allowances }), [thirdOne]);
  });

  it('takes blocked rows in order even when they came due long before their blocker', async () => {
    const subscription = await subscribe();
    const past = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
    const heads: string[] = [];
    // More blocked rows than one statement looks at stand before the rows that block them.
    for (let index = 0; index < 110; index += 1) {
      const incidentId = await incident();
      heads.push(...(await transition(incidentId, 1, [subscription.id], past(10))));
      await transition(incidentId, 2, [subscription.id], past(20));
    }
    const first = await take({ allowances: { [subscription.id]: 500 }, limit: 500 });
    assert.equal(first.more, true);
    const taken = [...first.deliveries];
    for (let more = true, rounds = 0; more && rounds < 10; rounds += 1) {
      const next = await take({ allowances: { [subscription.id]: 500 }, limit: 500 });
      taken.push(...next.deliveries);
      more = next.more || next.deliveries.length > 0;
    }
    assert.deepEqual(taken.map(({ id }) => id).sort(), heads.sort());
  });

  it('shares out in turn over the endpoints and keeps to what each may get', async () => {
    const [busy, quiet, full] = [await subscribe(), await subscribe(), await subscribe()];
    for (let index = 0; index < 20; index += 1) await transition(await incident(), 1, [busy.id, full.id]);
    const late = (await transition(await incident(), 1, [quiet.id]))[0]!;
    const allowances = { [busy.id]: 4, [quiet.id]: 4, [full.id]: 0 };
    const taken = (await take({ allowances, limit: 3 })).deliveries;
    assert.equal(taken.length, 3);
    assert.ok(
      taken.some(({ id }) => id === late),
      'the queue of one endpoint does not stand before another',
    );
    const rest = (await take({ allowances: { ...allowances, [busy.id]: 2 } })).deliveries;
    assert.deepEqual(
      rest.map(({ subscriptionId }) => subscriptionId),
      [busy.id, busy.id],
    );
  });

  it('gives newcomers one each, up to their limit', async () => {
    const subscriptions = [await subscribe(), await subscribe(), await subscribe()];
    for (let index = 0; index < 3; index += 1)
      await transition(
        await incident(),
        1,
        subscriptions.map(({ id }) => id),
      );
    const taken = (await take({ newcomerLimit: 2 })).deliveries;
    assert.equal(taken.length, 2);
    assert.equal(new Set(taken.map(({ subscriptionId }) => subscriptionId)).size, 2);
    assert.deepEqual(await takenIds({ newcomerLimit: 0 }), []);
  });

  it('never hands a row to two takers', async () => {
    const subscriptions = [await subscribe(), await subscribe(), await subscribe(), await subscribe()];
    for (let index = 0; index < 25; index += 1)
      await transition(
        await incident(),
        1,
        subscriptions.map(({ id }) => id),
      );
    const allowances = Object.fromEntries(subscriptions.map(({ id }) => [id, 5]));
    const ids: string[] = [];
    for (let round = 0; round < 10 && ids.length < 100; round += 1)
      ids.push(...(await Promise.all([1, 2, 3, 4].map(() => takenIds({ allowances })))).flat());
    assert.equal(ids.length, 100);
    assert.equal(new Set(ids).size, 100);
  });

  it('keeps to its shard and leaves switched-off subscriptions alone', async () => {
    const subscription = await subscribe();
    const [id] = await transition(await incident(), 1, [subscription.id]);
    const elsewhere = await deliveries.take(1, { limit: 9, allowances: {}, newcomerLimit: 9, leaseMs: 1_000 });
    assert.deepEqual(elsewhere, { deliveries: [], more: false, nextDueInMs: null });
    await database.sql`UPDATE subscriptions SET enabled = false WHERE id = ${subscription.id}`;
    assert.deepEqual(await takenIds(), []);
    await database.sql`UPDATE subscriptions SET enabled = true WHERE id = ${subscription.id}`;
    assert.deepEqual(await takenIds(), [id]);
  });

  it('lists newest first, page by page, also rows of one instant, and only to their owner', async () => {
    const subscription = await subscribe();
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(...(await transition(await incident(), 1, [subscription.id])));
    await database.sql`UPDATE deliveries SET created_at = '2026-04-16T14:23:00.123456Z'`;
    const { organisationId } = organisation;
    const first = await deliveries.list(organisationId, subscription.id, { limit: 3 });
    const { createdAt, id } = first.at(-1)!;
    const second = await deliveries.list(organisationId, subscription.id, { limit: 3, after: { createdAt, id } });
    assert.deepEqual(
      [...first, ...second].map((delivery) => delivery.id),
      [...ids].sort().reverse(),
    );
    assert.deepEqual(await deliveries.list(uuid(), subscription.id, { limit: 3 }), []);
  });
});
