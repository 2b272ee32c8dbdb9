import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { AttemptResult } from '../../src/domain/webhook/attempt.ts';
import { judge } from '../../src/domain/webhook/verdict.ts';
import { dialects } from '../../src/outbound/index.ts';
import { createDeliveryStore, type DeliveryStore } from '../../src/stores/deliveries.ts';
import { createDeliveryReads, type Delivery, type DeliveryReads } from '../../src/stores/delivery-reads.ts';
import { mostRecovered } from '../../src/stores/delivery-recovery.ts';
import { createDeliveryRepairs, type DeliveryRepairs } from '../../src/stores/delivery-repairs.ts';
import { createEar, ringAtCommit, shardOf } from '../../src/stores/doorbell.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import {
  createSubscriptionStore,
  type NewSubscription,
  type SubscriptionStore,
} from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';

const failure: AttemptResult = {
  outcome: 'http_error',
  statusCode: 503,
  durationMs: 9,
  error: 'answered 503',
  response: '',
};

describe('stores/delivery-repairs', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let deliveries: DeliveryStore;
  let reads: DeliveryReads;
  let repairs: DeliveryRepairs;
  let subscriptions: SubscriptionStore;
  const sealer = createSealer('a test key of thirty-two characters');
  const since = '2020-01-01T00:00:00Z';

  before(async () => {
    database = await createTestDatabase();
    deliveries = createDeliveryStore(database.sql, sealer);
    reads = createDeliveryReads(database.sql);
    repairs = createDeliveryRepairs(database.sql);
    subscriptions = createSubscriptionStore(database.sql, sealer);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.sql`TRUNCATE delivery_attempts, deliveries, transitions, incidents, subscriptions CASCADE`;
    organisation = await insertOrganisation(database.sql);
  });

  const subscribe = async (dialect = 'standard', settings: Partial<NewSubscription> = {}) => {
    const events = Object.keys(dialects[dialect]!.events);
    const draft = { name: dialect, url: 'https://example.com/hook', dialect, events, ...settings };
    return (await subscriptions.create(organisation.organisationId, draft)).id;
  };
  const enable = (id: string, enabled: boolean) =>
    database.sql.begin((tx) => subscriptions.update(organisation.organisationId, id, { enabled }, tx));
  const listed = async (id: string) => reads.list(organisation.organisationId, id, { limit: 200 }, itself);
  const named = (list: Delivery[]) =>
    list.map(({ incidentId, event, item }) => `${incidentId} ${event} ${item}`).sort();
  const recover = (id: string, range = { since, until: null as string | null }) =>
    database.sql.begin((tx) => repairs.recover(organisation.organisationId, id, range, itself, tx));
  const resend = (id: string) =>
    database.sql.begin((tx) => repairs.resend(organisation.organisationId, id, itself, tx));
  /** Of a subscription, in the order in which the pump takes them. */
  const take = async (id: string) => {
    const options = { limit: 100, allowances: { [id]: 100 }, newcomerLimit: 100, held: {}, leaseMarginMs: 5_000 };
    return (await deliveries.take(shardOf(id), options)).deliveries.filter((one) => one.subscriptionId === id);
  };
  const fail = async (taken: Awaited<ReturnType<typeof take>>, retryInMs: number | null = null) => {
    for (const one of taken)
      await deliveries.record(one, failure, { retryInMs, endpoint: 'fails', isGone: false, pauseMs: 0 });
  };
  const settle = (id: string, status: string) =>
    database.sql`UPDATE deliveries SET status = ${status}, next_attempt_at = NULL, settled_at = now(), attempts = 3
      WHERE subscription_id = ${id}`;
  /** Everything that the log of an incident may say. */
  const live = async (incident: RecordedIncident) => {
    const memberIds = [uuid(), uuid()];
    for (const memberId of memberIds)
      await database.sql`INSERT INTO members (id, organisation_id, team_id, name, email)
        VALUES (${memberId}, ${organisation.organisationId}, ${organisation.teamId}, 'Ada', ${`${memberId}@example.com`})`;
    await incident.apply({ type: 'acknowledge' });
    await incident.apply({ type: 'snooze', duration: 600 });
    await incident.apply({ type: 'annotate', content: 'It is the cache.' });
    await incident.apply({ type: 'add_responders', memberIds, message: 'Help' });
    await incident.apply({ type: 'reply', memberId: memberIds[0]!, reply: 'accepted' });
    await incident.apply({ type: 'prioritise', priority: 'P1' });
    await incident.apply({ type: 'resolve', resolution: null, rootCause: null });
    await incident.apply({ type: 'reopen' });
  };

  describe('resend', () => {
    it('begins a schedule anew under the same id, at once and out of order, and its first attempt is by hand', async () => {
      const id = await subscribe();
      const incident = await recordIncident(database.sql, organisation);
      const [first] = await take(id);
      await fail([first!]);
      await incident.apply({ type: 'acknowledge' });
      await fail(await take(id), 3_600_000);

      assert.equal(await resend(first!.id), true);
      const [again] = await take(id);
      assert.equal(again!.id, first!.id);
      assert.deepEqual([again!.attempts, again!.attemptsBefore], [2, 1]);
      const { retryInMs } = judge({
        result: failure,
        attemptsMade: again!.attempts - again!.attemptsBefore,
        random: 0.5,
      });
      assert.equal(retryInMs, 5_000, 'the schedule begins anew');
      await fail([again!], 0);
      await fail(await take(id));
      const stored = await reads.get(organisation.organisationId, first!.id, itself);
      assert.equal(stored!.status, 'failed');
      assert.deepEqual(
        stored!.attempts.map(({ number, isManual }) => [number, isManual]),
        [
          [1, false],
          [2, true],
          [3, false],
        ],
      );
    });

    it('takes what was delivered, given up or cancelled, but not what waits or is on its way', async () => {
      const id = await subscribe();
      await recordIncident(database.sql, organisation);
      const [delivery] = await listed(id);
      await assert.rejects(resend(delivery!.id), { code: 'delivery_pending' });
      await take(id);
      await assert.rejects(resend(delivery!.id), { code: 'delivery_pending' });
      for (const status of ['delivered', 'failed', 'cancelled']) {
        await settle(id, status);
        assert.equal(await resend(delivery!.id), true, status);
        await assert.rejects(resend(delivery!.id), { code: 'delivery_pending' });
      }
    });

    it('of two at once lets one through', async () => {
      const id = await subscribe();
      await recordIncident(database.sql, organisation);
      await settle(id, 'failed');
      const [delivery] = await listed(id);
      const outcomes = await Promise.allSettled([resend(delivery!.id), resend(delivery!.id)]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    });

    it('is refused while the subscription is disabled, unknown once it is deleted, and to others', async () => {
      const id = await subscribe();
      await recordIncident(database.sql, organisation);
      await settle(id, 'failed');
      const [delivery] = await listed(id);
      await enable(id, false);
      await assert.rejects(resend(delivery!.id), { code: 'subscription_disabled' });
      await enable(id, true);
      assert.equal(await database.sql.begin((tx) => repairs.resend(uuid(), delivery!.id, itself, tx)), false);
      await database.sql.begin((tx) => subscriptions.remove(organisation.organisationId, id, tx));
      assert.equal(await resend(delivery!.id), false);
      assert.equal(await reads.get(organisation.organisationId, delivery!.id, itself), undefined);
    });

    it('is refused of what the subscription is not told any more', async () => {
      const id = await subscribe('standard', { includesPrivate: true });
      const incident = await recordIncident(database.sql, organisation);
      await settle(id, 'failed');
      const [delivery] = await listed(id);
      await database.sql`UPDATE incidents SET visibility = 'private' WHERE id = ${incident.id}`;
      await database.sql`UPDATE subscriptions SET includes_private = false WHERE id = ${id}`;
      await assert.rejects(resend(delivery!.id), { code: 'not_told' });
      assert.deepEqual(await recover(id), { retried: 0, added: 0, more: false });
      await database.sql`UPDATE subscriptions SET includes_private = true, dialect = 'pulseapi', events = '{incident.created}'`;
      await assert.rejects(resend(delivery!.id), { code: 'not_told' });
      assert.equal((await recover(id))!.retried, 0);
    });
  });

  describe('recover', () => {
    it('makes what was given up due again, in the order of each incident, and nothing else', async () => {
      const id = await subscribe();
      const incident = await recordIncident(database.sql, organisation);
      await incident.apply({ type: 'acknowledge' });
      const other = await recordIncident(database.sql, organisation);
      await settle(id, 'failed');
      await database.sql`UPDATE deliveries SET status = 'delivered' WHERE incident_id = ${other.id}`;
      assert.deepEqual(await recover(id), { retried: 2, added: 0, more: false });
      assert.deepEqual(await recover(id), { retried: 0, added: 0, more: false });
      const first = await take(id);
      assert.deepEqual(
        first.map(({ event }) => event),
        ['incident.triggered'],
        'the second waits for the first',
      );
      assert.deepEqual([first[0]!.attempts, first[0]!.attemptsBefore], [4, 3]);
      await deliveries.record(
        first[0]!,
        { outcome: 'success', statusCode: 200, durationMs: 1, error: null, response: '' },
        { retryInMs: null, endpoint: 'works', isGone: false, pauseMs: 0 },
      );
      assert.deepEqual(
        (await take(id)).map(({ event }) => event),
        ['incident.acknowledged'],
      );
    });

    it('keeps to its range: since is part of it, until is not', async () => {
      const id = await subscribe();
      for (let made = 0; made < 4; made++) await recordIncident(database.sql, organisation);
      await settle(id, 'failed');
      const [, third, second] = await listed(id);
      const range = { since: second!.createdAt, until: third!.createdAt };
      assert.deepEqual(await recover(id, range), { retried: 1, added: 0, more: false });
      const again = (await listed(id)).filter(({ status }) => status === 'pending');
      assert.deepEqual(
        again.map((one) => one.id),
        [second!.id],
      );
    });

    for (const dialect of Object.keys(dialects))
      it(`adds what a subscription to ${dialect} would have been told had it not been disabled`, async () => {
        const settings: Partial<NewSubscription>[] = [
          {},
          { includesPrivate: true },
          { filter: { type: 'team', id: organisation.teamId } },
          { filter: { type: 'team', id: uuid() } },
          { filter: { type: 'service', id: organisation.teamId } },
          { events: Object.keys(dialects[dialect]!.events).slice(0, 2) },
        ];
        const pairs = await Promise.all(
          settings.map(async (one) => [await subscribe(dialect, one), await subscribe(dialect, one)] as const),
        );
        for (const [, missing] of pairs) await enable(missing, false);
        await live(await recordIncident(database.sql, organisation));
        const secret = await recordIncident(database.sql, organisation);
        // Private before anything more happens to it; what was told of its opening goes again.
        await database.sql`UPDATE incidents SET visibility = 'private' WHERE id = ${secret.id}`;
        await database.sql`DELETE FROM deliveries WHERE incident_id = ${secret.id}`;
        await database.sql`DELETE FROM log_entries WHERE incident_id = ${secret.id} AND sequence = 1`;
        await database.sql`DELETE FROM transitions WHERE incident_id = ${secret.id} AND sequence = 1`;
        await live(secret);

        let told = 0;
        for (const [present, missing] of pairs) {
          await assert.rejects(recover(missing), { code: 'subscription_disabled' });
          await enable(missing, true);
          assert.deepEqual(await listed(missing), []);
          const expected = named(await listed(present));
          const recovery = await recover(missing);
          assert.deepEqual(named(await listed(missing)), expected);
          assert.deepEqual(recovery, { retried: 0, added: expected.length, more: false });
          assert.deepEqual(await recover(missing), { retried: 0, added: 0, more: false }, 'twice adds nothing twice');
          told += expected.length;
        }
        assert.ok(told > 5, 'there was something to tell');
      });

    it('adds nothing from before the subscription was made, and no run that was to tell it alone', async () => {
      const incident = await recordIncident(database.sql, organisation);
      const id = await subscribe();
      await enable(id, false);
      const action = { id: uuid(), type: 'trigger-webhook', trigger: 'manual', subscriptionId: id } as const;
      await incident.apply({ type: 'action', action });
      await enable(id, true);
      assert.deepEqual(await recover(id), { retried: 0, added: 0, more: false });
    });

    it('goes oldest first, so many at a call', async () => {
      const id = await subscribe();
      const incident = await recordIncident(database.sql, organisation);
      await incident.apply({ type: 'acknowledge' });
      await settle(id, 'delivered');
      const extra = mostRecovered + 2;
      // Each a minute before the next, the first of them a failure, the rest of what nothing is stored.
      await database.sql`
        INSERT INTO transitions (organisation_id, incident_id, sequence, id, type, at, snapshot)
        SELECT organisation_id, incident_id, 100 + n, 'note-' || n, 'annotated', now() - (${extra} - n) * interval '1 second',
          snapshot || jsonb_build_object('transition', snapshot->'transition' || '{"type": "annotated"}')
        FROM transitions, generate_series(1, ${extra}) AS n WHERE incident_id = ${incident.id} AND sequence = 2`;
      await database.sql`UPDATE subscriptions SET created_at = now() - interval '1 day' WHERE id = ${id}`;
      const first = await recover(id);
      assert.deepEqual(first, { retried: 0, added: mostRecovered, more: true });
      const rows = await database.sql<{ sequence: number }[]>`
        SELECT sequence FROM deliveries WHERE subscription_id = ${id} AND status = 'pending' ORDER BY next_attempt_at`;
      assert.deepEqual([rows[0]!.sequence, rows.at(-1)!.sequence], [101, 100 + mostRecovered]);
      assert.deepEqual(
        rows.map(({ sequence }) => sequence),
        rows.map((_, place) => 101 + place),
        'due in their order',
      );
      assert.deepEqual(await recover(id), { retried: 0, added: 2, more: false });
    }).timeout(90_000);
  });

  it('of two at once adds nothing twice', async () => {
    const id = await subscribe();
    await enable(id, false);
    await live(await recordIncident(database.sql, organisation));
    await enable(id, true);
    const both = await Promise.all([recover(id), recover(id)]);
    const added = both.reduce((sum, one) => sum + one!.added, 0);
    assert.equal(added, (await listed(id)).length);
    assert.ok(added > 0);
  });

  it('pings and sends examples of every event of every dialect, which render', async () => {
    const { organisationId } = organisation;
    for (const dialect of Object.values(dialects)) {
      const id = await subscribe(dialect.name);
      await repairs.ping(organisationId, id);
      for (const event of Object.keys(dialect.events))
        await database.sql.begin((tx) => repairs.sendExample(organisationId, id, event, tx));
      const sent = await listed(id);
      const expected = [dialect.ping, ...Object.keys(dialect.events)].sort();
      assert.deepEqual(sent.map(({ event }) => event).sort(), expected);
      for (const { id: deliveryId } of sent) {
        const stored = await reads.get(organisationId, deliveryId, itself);
        const { snapshot, subscription, item, event, incidentId } = stored!;
        const attemptAt = new Date().toISOString();
        const context = { deliveryId, attemptAt, publicUrl: 'https://tocsin.test', subscription, item };
        assert.ok(dialect.render(event, snapshot, context), `${dialect.name} ${event}`);
        assert.equal(incidentId, null);
      }
      await enable(id, false);
      await assert.rejects(repairs.ping(organisationId, id), { code: 'subscription_disabled' });
      assert.equal(await repairs.ping(uuid(), id), undefined);
    }
  });

  it('rings the pump when the transaction is committed, and not before', async () => {
    const id = await subscribe();
    const ear = await createEar(database.sql);
    const { signal } = new AbortController();
    try {
      let isRung = false;
      const rung = ear.wait('outbox', shardOf(id), 600_000, signal).then(() => (isRung = true));
      await database.sql.begin(async (tx) => {
        await repairs.ping(organisation.organisationId, id, tx);
        // What is committed meanwhile is heard first.
        const other = ear.wait('inbox', 0, 600_000, signal);
        await ringAtCommit(database.sql, 'inbox', [0]);
        await other;
        assert.equal(isRung, false);
      });
      // Rung, and not run out: that would take longer than this test may.
      await rung;
    } finally {
      await ear.close();
    }
  });
});
