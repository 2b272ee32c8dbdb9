import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import { createDeliveryReads, type DeliveryFilter, type DeliveryReads } from '../../src/stores/delivery-reads.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

describe('stores/delivery-reads', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let reads: DeliveryReads;
  let subscriptionId: string;
  let incidents: string[];
  let ids: string[];

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    reads = createDeliveryReads(database.sql);
    const { organisationId } = organisation;
    const store = createSubscriptionStore(database.sql, createSealer('a test key of thirty-two characters'));
    const draft = { name: 'R', url: 'https://example.com/', dialect: 'standard', events: ['incident.triggered'] };
    subscriptionId = (await store.create(organisationId, draft)).id;
    incidents = [
      await insertIncident(database.sql, organisation, 1),
      await insertIncident(database.sql, organisation, 2),
    ];
    ids = [];
    for (const incidentId of incidents)
      for (const [index, type] of (['triggered', 'resolved'] as const).entries())
        ids.push(
          ...(await insertTransition(database.sql, {
            ...{ organisationId, incidentId, type },
            sequence: index + 1,
            subscriptionIds: [subscriptionId],
          })),
        );
    await database.sql`UPDATE deliveries SET status = 'failed', settled_at = now() WHERE id = ${ids[1]!}`;
    await database.sql`UPDATE deliveries SET status = 'delivered', settled_at = now() WHERE id = ${ids[2]!}`;
  });
  after(() => database.drop());

  const listed = async (filter: DeliveryFilter) => {
    const rows = await reads.list(organisation.organisationId, subscriptionId, { limit: 10, ...filter }, itself);
    return rows.map(({ id }) => ids.indexOf(id));
  };

  it('list newest first what fits the filters', async () => {
    assert.deepEqual(await listed({}), [3, 2, 1, 0]);
    assert.deepEqual(await listed({ statuses: ['failed', 'delivered'] }), [2, 1]);
    assert.deepEqual(await listed({ statuses: ['cancelled'] }), []);
    assert.deepEqual(await listed({ event: 'incident.resolved' }), [3, 1]);
    assert.deepEqual(await listed({ incidentId: incidents[0]! }), [1, 0]);
    assert.deepEqual(await listed({ incidentId: incidents[1]!, event: 'incident.triggered' }), [2]);
    const [, second, third] = (
      await reads.list(organisation.organisationId, subscriptionId, { limit: 10 }, itself)
    ).reverse();
    assert.deepEqual(await listed({ since: second!.createdAt }), [3, 2, 1]);
    assert.deepEqual(await listed({ since: second!.createdAt, until: third!.createdAt }), [1]);
  });

  it('cut answers in lists, and keep them whole elsewhere', async () => {
    const [id] = ids;
    const answer = 'é'.repeat(5_000);
    await database.sql`INSERT INTO delivery_attempts (organisation_id, delivery_id, number, started_at, outcome, response)
      VALUES (${organisation.organisationId}, ${id!}, 1, now(), 'http_error', ${answer})`;
    const found = await reads.list(organisation.organisationId, subscriptionId, { limit: 10 }, itself);
    assert.equal(found.at(-1)!.attempts[0]!.response, answer.slice(0, 1_000));
    const whole = await reads.get(organisation.organisationId, id!, itself);
    assert.equal(whole!.attempts[0]!.response, answer);
    assert.equal(whole!.snapshot.kind, undefined);
  });

  it('know nothing of other organisations', async () => {
    assert.deepEqual(await reads.list(uuid(), subscriptionId, { limit: 10 }, itself), []);
    assert.equal(await reads.get(uuid(), ids[0]!, itself), undefined);
  });
});
