import assert from 'node:assert/strict';
import { itself } from '../../src/domain/access/viewer.ts';
import type { SubscriptionChange } from '../../src/stores/subscriptions.ts';
import { createDeliveryRepairs } from '../../src/stores/delivery-repairs.ts';
import { createDeliveryStore, type DeliveryStore } from '../../src/stores/deliveries.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createSubscriptionStore, type SubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { recordIncident } from '../support/recorded-incident.ts';

describe('what a change of a subscription does to what waits', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let subscriptions: SubscriptionStore;
  let deliveries: DeliveryStore;
  let id: string;

  before(async () => {
    database = await createTestDatabase();
    const sealer = createSealer('a test key of thirty-two characters');
    subscriptions = createSubscriptionStore(database.sql, sealer);
    deliveries = createDeliveryStore(database.sql, sealer);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.sql`TRUNCATE delivery_attempts, deliveries, transitions, incidents, subscriptions CASCADE`;
    organisation = await insertOrganisation(database.sql);
    const events = ['incident.triggered', 'incident.acknowledged', 'incident.resolved'];
    const draft = { name: 'R', url: 'https://example.com/a', dialect: 'pagerduty.v3', events, includesPrivate: true };
    ({ id } = await subscriptions.create(organisation.organisationId, draft));
  });

  const change = (given: SubscriptionChange) =>
    database.sql.begin((tx) => subscriptions.update(organisation.organisationId, id, given, tx));
  /** A failed attempt of everything that is due, which then waits for a day; and a pause. */
  const failAll = async () => {
    await database.sql`
      UPDATE deliveries SET attempts = 1, next_attempt_at = now() + interval '1 day' WHERE status = 'pending'`;
    await database.sql`
      UPDATE subscriptions SET failing_since = now() - interval '4 days', paused_until = now() + interval '1 hour'`;
  };
  const waiting = async () =>
    (
      await database.sql<{ event: string; isDue: boolean }[]>`
        SELECT event, next_attempt_at <= now() AS is_due FROM deliveries WHERE status = 'pending' ORDER BY sequence`
    ).map(({ event, isDue }) => `${event} ${isDue ? 'due' : 'later'}`);
  const take = async () => {
    const offer = { limit: 10, allowances: { [id]: 8 }, newcomerLimit: 10, held: {} };
    return (await deliveries.take(shardOf(id), { ...offer, leaseMarginMs: 5_000 })).deliveries;
  };

  it('takes private incidents back that it is no longer to hear of', async () => {
    const hidden = await recordIncident(database.sql, organisation);
    await recordIncident(database.sql, organisation);
    await database.sql`UPDATE incidents SET visibility = 'private' WHERE id = ${hidden.id}`;
    await change({ includesPrivate: false, url: 'https://example.com/b' });
    const rows = await database.sql<{ status: string }[]>`
      SELECT status FROM deliveries ORDER BY incident_id = ${hidden.id}`;
    assert.deepEqual(
      rows.map(({ status }) => status),
      ['pending', 'cancelled'],
    );
  });

  for (const given of [
    { enabled: true },
    { url: 'https://example.com/b' },
    { dialect: 'standard', events: ['incident.triggered', 'incident.acknowledged'] },
  ] satisfies SubscriptionChange[])
    it(`sends at once what was put off: ${Object.keys(given).join()}`, async () => {
      await recordIncident(database.sql, organisation);
      await failAll();
      assert.deepEqual(await waiting(), ['incident.triggered later']);
      const changed = await change(given);
      assert.deepEqual(await waiting(), ['incident.triggered due']);
      if (!('dialect' in given)) assert.deepEqual([changed?.failingSince, changed?.pausedUntil], [null, null]);
    });

  it('leaves alone what is put off when something else changes', async () => {
    await recordIncident(database.sql, organisation);
    await failAll();
    const changed = await change({ name: 'Renamed' });
    assert.deepEqual(await waiting(), ['incident.triggered later']);
    assert.ok(changed?.failingSince && changed.pausedUntil);
  });

  it('lets what waits for its next try be sent by hand', async () => {
    await recordIncident(database.sql, organisation);
    const [row] = await database.sql<{ id: string }[]>`SELECT id FROM deliveries`;
    const resend = () =>
      database.sql.begin((tx) =>
        createDeliveryRepairs(database.sql).resend(organisation.organisationId, row!.id, itself, tx),
      );
    await assert.rejects(resend, { code: 'delivery_pending' });
    await failAll();
    assert.equal(await resend(), true);
    assert.deepEqual(await waiting(), ['incident.triggered due']);
  });

  it('is nothing to a follower that is on its way when the one before it is settled', async () => {
    const incident = await recordIncident(database.sql, organisation);
    const [first] = await take();
    await database.sql`UPDATE deliveries SET in_order = false WHERE id = ${first!.id}`;
    await incident.apply({ type: 'acknowledge' });
    const [second] = await take();
    assert.equal(second!.event, 'incident.acknowledged');
    await database.sql`UPDATE deliveries SET in_order = true WHERE id = ${first!.id}`;
    const success = { outcome: 'success', statusCode: 200, durationMs: 1, error: null, response: '' } as const;
    const verdict = { retryInMs: null, endpoint: 'works', isGone: false, pauseMs: 0 } as const;
    const { followerDue } = await deliveries.record(first!, success, verdict);
    assert.equal(followerDue, false);
    assert.deepEqual(await take(), []);
  });
});
