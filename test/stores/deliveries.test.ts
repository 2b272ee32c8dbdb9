import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { AttemptResult } from '../../src/domain/webhook/attempt.ts';
import type { Verdict } from '../../src/domain/webhook/verdict.ts';
import { createDeliveryStore, type DeliveryStore, type TakeOptions } from '../../src/stores/deliveries.ts';
import { createDeliveryReads, type DeliveryReads } from '../../src/stores/delivery-reads.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { quickest } from '../support/quickest.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

const success: AttemptResult = { outcome: 'success', statusCode: 200, durationMs: 12, error: null, response: 'ok' };
const failure: AttemptResult = {
  outcome: 'http_error',
  statusCode: 503,
  durationMs: 12,
  error: 'answered 503',
  response: 'down',
};

const succeeds: Omit<Verdict, 'isAlive'> = { retryInMs: null, endpoint: 'works', isGone: false, pauseMs: 0 };
const failsFor = (retryInMs: number | null, more: Partial<Verdict> = {}): Omit<Verdict, 'isAlive'> => ({
  ...{ retryInMs, endpoint: 'fails', isGone: false, pauseMs: 0 },
  ...more,
});

describe('stores/deliveries', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let deliveries: DeliveryStore;
  let reads: DeliveryReads;
  let statements = 0;
  const sealer = createSealer('a test key of thirty-two characters');

  before(async () => {
    database = await createTestDatabase({ onQuery: () => (statements += 1) });
    organisation = await insertOrganisation(database.sql);
    deliveries = createDeliveryStore(database.sql, sealer);
    reads = createDeliveryReads(database.sql);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.sql`TRUNCATE delivery_attempts, deliveries, transitions, incidents, subscriptions CASCADE`;
  });

  /** A subscription whose rows fall into shard 0. */
  const subscribe = async (owner = organisation): Promise<{ id: string; secret: string }> => {
    const store = createSubscriptionStore(database.sql, sealer);
    for (;;) {
      const made = await store.create(owner.organisationId, {
        name: 'Receiver',
        url: 'https://example.com/hook',
        dialect: 'standard',
        events: ['incident.triggered'],
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
    deliveries.take(0, { limit: 100, allowances: {}, newcomerLimit: 100, held: {}, leaseMarginMs: 5_000, ...options });
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
    assert.deepEqual(delivery!.subscription, {
      id: subscription.id,
      name: 'Receiver',
      description: '',
      url: 'https://example.com/hook',
    });
    assert.equal(delivery!.timeoutMs, 10_000);
    assert.equal(delivery!.dialect, 'standard');
    assert.equal(delivery!.attempts, 1);
    assert.ok(delivery!.snapshot.kind === undefined);
    assert.equal(delivery!.snapshot.incident.id, incidentId);
    assert.deepEqual(delivery!.secrets(), [subscription.secret]);

    const [listed] = await reads.list(organisation.organisationId, subscription.id, { limit: 10 }, itself);
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
    assert.deepEqual(await deliveries.record(delivery!, success, succeeds), {
      stored: true,
      followerDue: false,
      disabled: null,
    });
    assert.equal(statements, 1);
    assert.deepEqual(await takenIds(), []);
    const [listed] = await reads.list(organisation.organisationId, subscription.id, { limit: 10 }, itself);
    assert.equal(listed!.status, 'delivered');
    assert.equal(listed!.attempts[0]!.outcome, 'success');
    assert.equal(listed!.attempts[0]!.statusCode, 200);
    assert.equal(listed!.attempts[0]!.response, 'ok');
  });

  it('a failure comes due again when it should, under the same id, until it is given up', async () => {
    const subscription = await subscribe();
    const [id] = await transition(await incident(), 1, [subscription.id]);
    const [first] = (await take()).deliveries;
    await deliveries.record(first!, failure, failsFor(60_000));
    const waiting = await take();
    assert.deepEqual(waiting.deliveries, []);
    assert.ok(waiting.nextDueInMs! > 59_000 && waiting.nextDueInMs! <= 60_000, `${waiting.nextDueInMs}`);

    await database.sql`UPDATE deliveries SET next_attempt_at = now()`;
    const [second] = (await take()).deliveries;
    assert.equal(second!.id, id);
    assert.equal(second!.attempts, 2);
    await deliveries.record(second!, failure, failsFor(null));
    assert.deepEqual(await takenIds(), []);
    const [listed] = await reads.list(organisation.organisationId, subscription.id, { limit: 10 }, itself);
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

    assert.deepEqual(await deliveries.record(lost!, success, succeeds), {
      stored: false,
      followerDue: false,
      disabled: null,
    });
    assert.deepEqual(await deliveries.record(again!, success, succeeds), {
      stored: true,
      followerDue: false,
      disabled: null,
    });
    assert.deepEqual(await deliveries.record(again!, success, succeeds), {
      stored: false,
      followerDue: false,
      disabled: null,
    });
    const [listed] = await reads.list(organisation.organisationId, subscription.id, { limit: 10 }, itself);
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
    assert.equal((await deliveries.record(delivery!, success, succeeds)).stored, true);
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

    assert.equal((await deliveries.record(of(firstOther), success, succeeds)).followerDue, true);
    assert.deepEqual(await takenIds({ allowances }), [secondOther]);

    // A failing one keeps its followers waiting until it is given up.
    assert.equal((await deliveries.record(of(firstOne), failure, failsFor(60_000))).followerDue, false);
    assert.deepEqual(await takenIds({ allowances }), []);
    await database.sql`UPDATE deliveries SET next_attempt_at = now() WHERE id = ${firstOne!}`;
    const [retry] = (await take({ allowances })).deliveries;
    assert.equal(retry!.id, firstOne);
    assert.equal((await deliveries.record(retry!, failure, failsFor(null))).followerDue, true);
    const [next] = (await take({ allowances })).deliveries;
    assert.equal(next!.id, secondOne);
    await deliveries.record(next!, success, succeeds);
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
    const taken = (await take({ allowances, limit: 6 })).deliveries;
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
    const taken = (await take({ newcomerLimit: 4 })).deliveries;
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
    const elsewhere = await deliveries.take(1, {
      limit: 9,
      allowances: {},
      newcomerLimit: 9,
      held: {},
      leaseMarginMs: 5_000,
    });
    assert.deepEqual(elsewhere, { deliveries: [], more: false, leftOut: false, nextDueInMs: null });
    await database.sql`UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now() WHERE id = ${subscription.id}`;
    assert.deepEqual(await takenIds(), []);
    await database.sql`UPDATE subscriptions SET enabled = true, disabled_reason = NULL, disabled_at = NULL WHERE id = ${subscription.id}`;
    assert.deepEqual(await takenIds(), [id]);
  });

  it('lists newest first, page by page, also rows of one instant, and only to their owner', async () => {
    const subscription = await subscribe();
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(...(await transition(await incident(), 1, [subscription.id])));
    await database.sql`UPDATE deliveries SET created_at = '2026-04-16T14:23:00.123456Z'`;
    const { organisationId } = organisation;
    const first = await reads.list(organisationId, subscription.id, { limit: 3 }, itself);
    const { createdAt, id } = first.at(-1)!;
    const second = await reads.list(organisationId, subscription.id, { limit: 3, after: { createdAt, id } }, itself);
    assert.deepEqual(
      [...first, ...second].map((delivery) => delivery.id),
      [...ids].sort().reverse(),
    );
    assert.deepEqual(await reads.list(uuid(), subscription.id, { limit: 3 }, itself), []);
  });

  const subscriptionRow = async (id: string) => {
    const [row] = await database.sql<
      {
        enabled: boolean;
        disabledReason: string | null;
        noticeDue: boolean;
        failingSince: string | null;
        pausedForMs: number | null;
      }[]
    >`
      SELECT enabled, disabled_reason, notice_due, failing_since,
        EXTRACT(epoch FROM paused_until - now())::float8 * 1000 AS paused_for_ms
      FROM subscriptions WHERE id = ${id}`;
    return row!;
  };
  /** One attempt of a delivery of its own. */
  const attempt = async (subscriptionId: string, result: AttemptResult, verdict: Omit<Verdict, 'isAlive'>) => {
    await transition(await incident(), 1, [subscriptionId]);
    const [delivery] = (await take()).deliveries;
    return deliveries.record(delivery!, result, verdict);
  };
  const failingFor = (id: string, span: string) =>
    database.sql`UPDATE subscriptions SET failing_since = now() - ${span}::interval, last_failed_at = now() - interval '1 day'
      WHERE id = ${id}`;

  it('notes since when an endpoint fails, and forgets it at the first success', async () => {
    const { id } = await subscribe();
    await attempt(id, success, succeeds);
    assert.equal((await subscriptionRow(id)).failingSince, null);
    await attempt(id, failure, failsFor(null));
    const { failingSince } = await subscriptionRow(id);
    assert.notEqual(failingSince, null);
    await attempt(id, failure, failsFor(null));
    assert.equal((await subscriptionRow(id)).failingSince, failingSince);
    await attempt(id, { ...failure, outcome: 'internal_error' }, failsFor(null, { endpoint: null }));
    assert.equal((await subscriptionRow(id)).failingSince, failingSince, 'what was our fault changes nothing');
    await attempt(id, success, succeeds);
    assert.equal((await subscriptionRow(id)).failingSince, null);
  });

  it('disables an endpoint after five days of nothing but failures, once, and keeps its queue in order', async () => {
    const { id } = await subscribe();
    const incidentId = await incident();
    const [firstId] = await transition(incidentId, 1, [id]);
    const [secondId] = await transition(incidentId, 2, [id]);
    const [first] = (await take()).deliveries;
    await failingFor(id, '4 days 23:59:00');
    assert.equal((await deliveries.record(first!, failure, failsFor(0))).disabled, null);
    await failingFor(id, '5 days');
    const [again] = (await take()).deliveries;
    assert.equal((await deliveries.record(again!, failure, failsFor(60_000))).disabled, 'failing');
    const row = await subscriptionRow(id);
    assert.deepEqual([row.enabled, row.disabledReason, row.noticeDue], [false, 'failing', true]);

    // What was in flight meanwhile does not disable it a second time.
    await database.sql`UPDATE subscriptions SET notice_due = false WHERE id = ${id}`;
    assert.equal((await deliveries.record(again!, failure, failsFor(0))).disabled, null);
    assert.equal((await subscriptionRow(id)).noticeDue, false);

    await database.sql`UPDATE deliveries SET next_attempt_at = now()`;
    assert.deepEqual(await takenIds(), [], 'nothing is sent while it is disabled');
    await database.sql`
      UPDATE subscriptions SET enabled = true, disabled_reason = NULL, disabled_at = NULL, failing_since = NULL
      WHERE id = ${id}`;
    const [kept] = (await take()).deliveries;
    assert.equal(kept!.id, firstId);
    await deliveries.record(kept!, success, succeeds);
    assert.deepEqual(await takenIds(), [secondId]);
  });

  it('does not count a failure of long ago, with nothing since', async () => {
    const { id } = await subscribe();
    await failingFor(id, '6 days');
    await database.sql`UPDATE subscriptions SET last_failed_at = now() - interval '5 days' WHERE id = ${id}`;
    assert.equal((await attempt(id, failure, failsFor(null))).disabled, null);
    const { enabled, failingSince } = await subscriptionRow(id);
    assert.equal(enabled, true);
    assert.ok(Date.now() - Date.parse(failingSince!) < 60_000);
  });

  it('never disables an endpoint that works every other time', async () => {
    const { id } = await subscribe();
    for (let day = 0; day < 12; day += 1) {
      await database.sql`UPDATE subscriptions SET failing_since = failing_since - interval '1 day' WHERE id = ${id}`;
      assert.equal((await attempt(id, failure, failsFor(null))).disabled, null);
      await attempt(id, success, succeeds);
    }
    assert.equal((await subscriptionRow(id)).enabled, true);
  });

  it('disables at once what is gone, and only what is enabled', async () => {
    const { id } = await subscribe();
    const gone = failsFor(null, { isGone: true });
    assert.equal((await attempt(id, { ...failure, statusCode: 410 }, gone)).disabled, 'gone');
    assert.equal((await subscriptionRow(id)).disabledReason, 'gone');
    const other = await subscribe();
    await transition(await incident(), 1, [other.id]);
    const [delivery] = (await take()).deliveries;
    await database.sql`
      UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now() - interval '1 hour'
      WHERE id = ${other.id}`;
    assert.equal((await deliveries.record(delivery!, failure, gone)).disabled, null);
    assert.equal((await subscriptionRow(other.id)).disabledReason, 'by_hand');
  });

  it('sends nothing to a paused endpoint, then one probe, and all of it once that succeeds', async () => {
    const [paused, other] = [await subscribe(), await subscribe()];
    await attempt(paused.id, failure, failsFor(null, { pauseMs: 30_000 }));
    const { pausedForMs } = await subscriptionRow(paused.id);
    assert.ok(pausedForMs! > 29_000 && pausedForMs! <= 30_000, `${pausedForMs}`);
    for (let index = 0; index < 3; index += 1) await transition(await incident(), 1, [paused.id, other.id]);
    const allowances = { [paused.id]: 8, [other.id]: 8 };
    const meanwhile = await take({ allowances });
    assert.deepEqual([...new Set(meanwhile.deliveries.map(({ subscriptionId }) => subscriptionId))], [other.id]);
    assert.equal(meanwhile.deliveries.length, 3, 'the others go on');
    assert.ok(meanwhile.nextDueInMs! <= 30_000, 'it wakes when the pause ends');

    await database.sql`UPDATE subscriptions SET paused_until = now() WHERE id = ${paused.id}`;
    const [probe, ...more] = (await take({ allowances })).deliveries;
    assert.equal(probe!.isProbe, true);
    assert.equal(more.length, 0);
    await deliveries.record(probe!, failure, failsFor(60_000, { pauseMs: 30_000 }));
    assert.deepEqual(await takenIds({ allowances }), []);

    await database.sql`UPDATE subscriptions SET paused_until = now() WHERE id = ${paused.id}`;
    const [next] = (await take({ allowances })).deliveries;
    await deliveries.record(next!, success, succeeds);
    assert.equal((await subscriptionRow(paused.id)).pausedForMs, null);
    assert.equal((await take({ allowances })).deliveries.length, 1);
  });

  it('is not woken from a pause by an attempt from before it, nor shortens one', async () => {
    const { id } = await subscribe();
    await transition(await incident(), 1, [id]);
    const [early] = (await take()).deliveries;
    await database.sql`UPDATE subscriptions SET paused_until = now() + interval '1 hour' WHERE id = ${id}`;
    await deliveries.record(early!, success, succeeds);
    assert.ok((await subscriptionRow(id)).pausedForMs! > 3_500_000);
    await transition(await incident(), 1, [id]);
    await database.sql`UPDATE subscriptions SET paused_until = NULL WHERE id = ${id}`;
    const [late] = (await take()).deliveries;
    await database.sql`UPDATE subscriptions SET paused_until = now() + interval '1 hour' WHERE id = ${id}`;
    await deliveries.record(late!, failure, failsFor(0, { pauseMs: 1_000 }));
    assert.ok((await subscriptionRow(id)).pausedForMs! > 3_500_000);
  });

  it('sends nothing more to a deleted subscription, also when an attempt was under way', async () => {
    const { id } = await subscribe();
    const [underWay] = await transition(await incident(), 1, [id]);
    const [delivery] = (await take()).deliveries;
    await transition(await incident(), 1, [id]);
    await database.sql`UPDATE subscriptions SET deleted_at = now() WHERE id = ${id}`;
    assert.equal((await deliveries.record(delivery!, failure, failsFor(0))).stored, true);
    const [row] = await database.sql`SELECT status, next_attempt_at FROM deliveries WHERE id = ${underWay!}`;
    assert.deepEqual({ ...row }, { status: 'cancelled', nextAttemptAt: null });
    assert.deepEqual(await takenIds(), []);
  });

  it('takes no more at once than a rate limit allows, even before it is known to whoever takes', async () => {
    const { id } = await subscribe();
    for (let index = 0; index < 10; index += 1) await transition(await incident(), 1, [id]);
    await database.sql`UPDATE subscriptions SET rate_limit = 30 WHERE id = ${id}`;
    const { deliveries: taken } = await take({ allowances: { [id]: 8 } });
    assert.equal(taken.length, 4);
    assert.equal(taken[0]!.rateLimit, 30);
    await database.sql`UPDATE subscriptions SET rate_limit = 5 WHERE id = ${id}`;
    assert.equal((await take({ allowances: { [id]: 8 } })).deliveries.length, 1);
  });

  it('leases for longer than the timeout of each subscription', async () => {
    const [short, long] = [await subscribe(), await subscribe()];
    await database.sql`UPDATE subscriptions SET timeout_ms = 1000 WHERE id = ${short.id}`;
    await database.sql`UPDATE subscriptions SET timeout_ms = 30000 WHERE id = ${long.id}`;
    await transition(await incident(), 1, [short.id, long.id]);
    await take();
    const rows = await database.sql<{ subscriptionId: string; leaseMs: number }[]>`
      SELECT d.subscription_id, EXTRACT(epoch FROM leased_until - a.started_at)::float8 * 1000 AS lease_ms
      FROM deliveries d JOIN delivery_attempts a ON a.delivery_id = d.id`;
    const leases = new Map(rows.map(({ subscriptionId, leaseMs }) => [subscriptionId, leaseMs]));
    assert.equal(leases.get(short.id), 6_000);
    assert.equal(leases.get(long.id), 35_000);
  });

  it('lets no organisation hold more than it leaves free, and shares evenly between those that want', async () => {
    const theirs = await insertOrganisation(database.sql, 'Other');
    const many = await Promise.all(Array.from({ length: 12 }, () => subscribe()));
    const own = organisation.organisationId;
    for (const { id } of many) await transition(await incident(), 1, [id]);
    const first = await take({ limit: 16, newcomerLimit: 8 });
    assert.equal(first.deliveries.length, 4, 'half of what newcomers may get');
    assert.equal(first.leftOut, true);
    const held = { [own]: [4, 4] as [number, number] };
    assert.deepEqual(await takenIds({ limit: 12, newcomerLimit: 4, held }), [], 'it leaves four free, and has four');

    const foreign = await subscribe(theirs);
    const incidentId = await insertIncident(database.sql, theirs, (numbers += 1));
    await insertTransition(database.sql, {
      organisationId: theirs.organisationId,
      incidentId,
      sequence: 1,
      subscriptionIds: [foreign.id],
    });
    const next = await take({ limit: 12, newcomerLimit: 4, held });
    assert.deepEqual(
      next.deliveries.map(({ organisationId }) => organisationId),
      [theirs.organisationId],
    );
  });

  it('stays quick and by index with a hundred thousand pending rows of one endpoint, paused or not', async function () {
    this.timeout(120_000);
    const [flooded, quiet] = [await subscribe(), await subscribe()];
    await transition(await incident(), 1, [flooded.id]);
    await database.sql`
      INSERT INTO deliveries (id, organisation_id, subscription_id, subject_id, sequence, event, snapshot, shard,
        next_attempt_at, created_at)
      SELECT gen_random_uuid(), ${organisation.organisationId}, ${flooded.id}, gen_random_uuid(), n,
        'subscription.disabled', '{}', 0, now() - n * interval '1 millisecond', now()
      FROM generate_series(1, 100000) AS n`;
    await database.sql`ANALYZE deliveries`;
    const measured = async (options: Partial<TakeOptions>) => {
      const [due] = await transition(await incident(), 1, [quiet.id]);
      const startedAt = performance.now();
      const { deliveries: taken } = await take(options);
      const tookMs = performance.now() - startedAt;
      assert.ok(
        taken.some(({ id }) => id === due),
        'the other endpoint gets its turn',
      );
      return tookMs;
    };
    const allowances = { [flooded.id]: 8, [quiet.id]: 8 };
    await measured({ allowances });
    const busy = await quickest(150, () => measured({ allowances }));
    assert.ok(busy < 150, `${busy} ms`);
    await database.sql`UPDATE subscriptions SET paused_until = now() + interval '1 hour' WHERE id = ${flooded.id}`;
    const paused = await quickest(100, () => measured({ allowances }));
    assert.ok(paused < 100, `${paused} ms`);
  });
});
