import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import { createDeliveryReads, type DeliveryReads } from '../../src/stores/delivery-reads.ts';
import { createDeliveryStatistics, type DeliveryStatisticsStore } from '../../src/stores/delivery-statistics.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { quickest } from '../support/quickest.ts';

const hourMs = 3_600_000;

describe('stores/delivery-statistics', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let statistics: DeliveryStatisticsStore;
  let reads: DeliveryReads;

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    statistics = createDeliveryStatistics(database.sql);
    reads = createDeliveryReads(database.sql);
  });
  after(() => database.drop());

  const subscribe = async () => {
    const store = createSubscriptionStore(database.sql, createSealer('a test key of thirty-two characters'));
    const draft = { name: 'R', url: 'https://example.com/', dialect: 'standard', events: ['incident.triggered'] };
    return (await store.create(organisation.organisationId, draft)).id;
  };
  const before24h = () => new Date(Date.now() - 24 * hourMs).toISOString();
  const read = (id: string, since = before24h()) => statistics.read(organisation.organisationId, id, since, itself);
  const fill = async (id: string, count: number, ageHours: number) => {
    const { organisationId } = organisation;
    const at = new Date(Date.now() - ageHours * hourMs).toISOString();
    await database.sql`
      WITH made AS (
        INSERT INTO deliveries (id, organisation_id, subscription_id, subject_id, sequence, event, snapshot, shard, status,
          attempts, next_attempt_at, created_at, settled_at)
        SELECT gen_random_uuid(), ${organisationId}, ${id}, gen_random_uuid(), n, 'ping', '{"kind": "ping"}', ${shardOf(id)},
          'delivered', 1, NULL, ${at}::text::timestamptz + n * interval '1 millisecond', ${at}::text::timestamptz + n * interval '1 millisecond'
        FROM generate_series(1, ${count}) AS n RETURNING id, sequence, created_at
      )
      INSERT INTO delivery_attempts (organisation_id, delivery_id, number, started_at, duration_ms, outcome, status_code, response)
      SELECT ${organisationId}, id, 1, created_at, sequence % 100, 'success', 200, 'ok' FROM made`;
  };
  const insert = async (
    id: string,
    status: string,
    settledHoursAgo: number | null,
    attempts: { hoursAgo: number; outcome: string | null; durationMs: number | null }[],
    createdHoursAgo = 30,
  ) => {
    const deliveryId = uuid();
    const ago = (hours: number | null) => (hours === null ? null : new Date(Date.now() - hours * hourMs).toISOString());
    await database.sql`
      INSERT INTO deliveries (id, organisation_id, subscription_id, subject_id, sequence, event, snapshot, shard, status,
        attempts, next_attempt_at, created_at, settled_at)
      VALUES (${deliveryId}, ${organisation.organisationId}, ${id}, ${deliveryId}, 1, 'ping', '{"kind": "ping"}', ${shardOf(id)},
        ${status}, ${attempts.length}, now(), ${ago(createdHoursAgo)}, ${ago(settledHoursAgo)})`;
    for (const [index, { hoursAgo, outcome, durationMs }] of attempts.entries())
      await database.sql`
        INSERT INTO delivery_attempts (organisation_id, delivery_id, number, started_at, duration_ms, outcome)
        VALUES (${organisation.organisationId}, ${deliveryId}, ${index + 1}, ${ago(hoursAgo)}, ${durationMs}, ${outcome})`;
  };

  it('count attempts of the time, however old their delivery is, and deliveries by status', async () => {
    const id = await subscribe();
    await insert(id, 'delivered', 1, [
      { hoursAgo: 25, outcome: 'timeout', durationMs: 9_000 },
      { hoursAgo: 3, outcome: 'http_error', durationMs: 30 },
      { hoursAgo: 1, outcome: 'success', durationMs: 10 },
    ]);
    await insert(id, 'failed', 23, [{ hoursAgo: 23, outcome: 'http_error', durationMs: 20 }]);
    await insert(id, 'failed', 25, [{ hoursAgo: 25, outcome: 'tls_error', durationMs: 1 }]);
    await insert(id, 'pending', null, [{ hoursAgo: 0, outcome: null, durationMs: null }], 200);
    await insert(id, 'pending', null, []);
    await insert(await subscribe(), 'pending', null, [{ hoursAgo: 0, outcome: 'loop', durationMs: 0 }]);
    const failingSince = '2026-04-16T14:00:00.000Z';
    await database.sql`UPDATE subscriptions SET failing_since = ${failingSince} WHERE id = ${id}`;

    const found = await read(id);
    const { oldestPendingAt, ...counts } = found!;
    const ageHours = (Date.now() - Date.parse(oldestPendingAt!)) / hourMs;
    assert.ok(ageHours > 199 && ageHours < 201);
    assert.deepEqual(counts, {
      attempts: 4,
      successes: 1,
      failures: {
        http_error: 2,
        timeout: 0,
        network_error: 0,
        tls_error: 0,
        refused_address: 0,
        loop: 0,
        internal_error: 0,
      },
      p50Ms: 20,
      p95Ms: 30,
      deliveries: { pending: 2, delivered: 1, failed: 1, cancelled: 0 },
      failingSince,
      pausedUntil: null,
    });
    const longer = await read(id, new Date(Date.now() - 26 * hourMs).toISOString());
    assert.deepEqual([longer!.attempts, longer!.failures.timeout, longer!.failures.tls_error], [6, 1, 1]);
  });

  it('of one that was sent nothing are nothing, and nobody else knows it', async () => {
    const id = await subscribe();
    const found = await read(id);
    assert.deepEqual([found!.attempts, found!.p50Ms, found!.oldestPendingAt], [0, null, null]);
    assert.equal(await statistics.read(uuid(), id, before24h(), itself), undefined);
    await database.sql`UPDATE subscriptions SET deleted_at = now() WHERE id = ${id}`;
    assert.equal(await read(id), undefined);
  });

  it('and the list take less than a second over 100,000 deliveries, recent or old', async () => {
    const [busy, old] = [await subscribe(), await subscribe()];
    await fill(busy, 100_000, 2);
    await fill(old, 100_000, 100);
    await insert(old, 'delivered', 1, [{ hoursAgo: 1, outcome: 'success', durationMs: 10 }]);
    await database.sql`ANALYZE deliveries, delivery_attempts`;

    const timed = async (id: string) => {
      const startedAt = performance.now();
      return { ...(await read(id))!, tookMs: performance.now() - startedAt };
    };
    const full = await timed(busy);
    assert.deepEqual([full.attempts, full.p50Ms, full.p95Ms], [100_000, 49, 94]);
    assert.equal((await timed(old)).attempts, 1);
    for (const id of [busy, old]) {
      const tookMs = await quickest(1_000, async () => (await timed(id)).tookMs);
      assert.ok(tookMs < 1_000, `${tookMs} ms`);
    }

    const threePages = async () => {
      const startedAt = performance.now();
      const page = await reads.list(organisation.organisationId, busy, { limit: 200 }, itself);
      const [last] = page.slice(-1);
      const after = { createdAt: last!.createdAt, id: last!.id };
      assert.equal((await reads.list(organisation.organisationId, busy, { limit: 200, after }, itself)).length, 200);
      assert.deepEqual(
        await reads.list(organisation.organisationId, busy, { limit: 200, statuses: ['failed'] }, itself),
        [],
      );
      return performance.now() - startedAt;
    };
    const tookMs = await quickest(1_000, threePages);
    assert.ok(tookMs < 1_000, `three pages took ${tookMs} ms`);
  }).timeout(120_000);
});
