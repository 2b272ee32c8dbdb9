import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { deliveryRequest } from '../../src/activities/delivery-request.ts';
import { createDeliveryStore } from '../../src/stores/deliveries.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { mostReplacedSecrets } from '../../src/stores/subscription-secrets.ts';
import { createSubscriptionStore, type SubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { verifyPagerDuty } from '../support/pagerduty-verifier.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

describe('stores/subscription-secrets', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let organisationId: string;
  let subscriptions: SubscriptionStore;
  const sealer = createSealer('a test key of thirty-two characters');

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    ({ organisationId } = organisation);
    subscriptions = createSubscriptionStore(database.sql, sealer);
  });
  after(() => database.drop());

  const subscribe = (secret?: string) =>
    subscriptions.create(organisationId, {
      ...{ name: 'Receiver', url: 'https://example.com/hook', dialect: 'pagerduty.v3', secret },
      events: ['incident.triggered'],
    });
  const rotate = (id: string, expiresIn: number, secret: string | null = null, store = subscriptions) =>
    database.sql.begin((tx) => store.rotateSecret(organisationId, id, { secret, expiresIn }, tx));
  const rotated = async (id: string, expiresIn: number, secret: string | null = null, store = subscriptions) => {
    const answer = await rotate(id, expiresIn, secret, store);
    assert.ok(typeof answer === 'object', String(answer));
    return answer.secret;
  };
  const expireOldest = (id: string) => database.sql`
    UPDATE subscription_secrets SET expires_at = now() WHERE id = (
      SELECT min(id::text)::uuid FROM subscription_secrets WHERE subscription_id = ${id} AND expires_at > now())`;

  let numbers = 0;
  /** The request that would be sent next, as its receiver sees it. */
  const nextRequest = async (id: string) => {
    const incidentId = await insertIncident(database.sql, organisation, (numbers += 1));
    await insertTransition(database.sql, { organisationId, incidentId, sequence: 1, subscriptionIds: [id] });
    const offer = { limit: 100, allowances: {}, newcomerLimit: 100, held: {}, leaseMarginMs: 5_000 };
    const { deliveries } = await createDeliveryStore(database.sql, sealer).take(shardOf(id), offer);
    const delivery = deliveries.find(({ subscriptionId }) => subscriptionId === id);
    assert.ok(delivery);
    return deliveryRequest(delivery, new Date(), 'http://tocsin.test');
  };
  /** Which of these secrets a receiver may hold to accept the request, in both ways of signing. */
  const accepted = async (id: string, secrets: string[]): Promise<boolean[]> => {
    const { headers, body } = await nextRequest(id);
    return secrets.map((secret) => {
      const byPagerDuty = verifyPagerDuty(secret, Buffer.from(body), headers);
      const verify = () => new Webhook(secret).verify(body, headers);
      if (byPagerDuty) assert.doesNotThrow(verify);
      else assert.throws(verify);
      return byPagerDuty;
    });
  };

  it('sign beside the present one until they expire, rotated once and twice', async () => {
    const { id, secret: first } = await subscribe();
    const second = await rotated(id, 3_600);
    assert.deepEqual(await accepted(id, [first, second]), [true, true]);
    const third = await rotated(id, 3_600);
    const all = [first, second, third];
    assert.deepEqual(await accepted(id, all), [true, true, true]);
    const { headers } = await nextRequest(id);
    assert.equal(headers['webhook-signature']!.split(' ').length, 3);
    assert.equal(headers['x-pagerduty-signature']!.split(',').length, 3);
    await expireOldest(id);
    assert.deepEqual(await accepted(id, all), [false, true, true]);
    await expireOldest(id);
    assert.deepEqual(await accepted(id, all), [false, false, true]);
  });

  it('end at once with 0 seconds, also those replaced before', async () => {
    const { id, secret: first } = await subscribe();
    const second = await rotated(id, 3_600);
    const third = await rotated(id, 0);
    assert.deepEqual(await accepted(id, [first, second, third]), [false, false, true]);
  });

  it('may be the own text of a receiver of PagerDuty', async () => {
    const text = 'a text that PagerDuty might have made';
    const { id } = await subscribe(text);
    const { headers, body } = await nextRequest(id);
    assert.ok(verifyPagerDuty(text, Buffer.from(body), headers));
    new Webhook(text, { format: 'raw' }).verify(body, headers);
  });

  it('go with the headers that the subscriber chose, sealed until then', async () => {
    const headers = { Authorization: 'Bearer t', 'X-Tenant': 'a; b="c"' };
    const draft = { name: 'Headed', url: 'https://example.com', dialect: 'standard', events: ['incident.triggered'] };
    const { id, secret } = await subscriptions.create(organisationId, { ...draft, headers });
    const request = await nextRequest(id);
    assert.equal(request.headers.authorization, 'Bearer t');
    assert.equal(request.headers['x-tenant'], 'a; b="c"');
    new Webhook(secret).verify(request.body, request.headers);
  });

  it('are sealed, each with its own row', async () => {
    const { id, secret: first } = await subscribe();
    const second = await rotated(id, 60);
    const [row] = await database.sql<{ id: string; secret: Buffer }[]>`
      SELECT id, secret FROM subscription_secrets WHERE subscription_id = ${id}`;
    assert.equal(sealer.open(row!.secret, row!.id), first);
    assert.throws(() => sealer.open(row!.secret, id));
    const [present] = await database.sql<{ secret: Buffer }[]>`SELECT secret FROM subscriptions WHERE id = ${id}`;
    assert.equal(sealer.open(present!.secret, id), second);
  });

  it('are no more than a few at once; expired ones count no more', async () => {
    const { id, secret } = await subscribe();
    assert.equal(await rotate(id, 60, secret), 'same');
    for (let count = 0; count < mostReplacedSecrets; count++) await rotated(id, 3_600);
    const before = await subscriptions.get(organisationId, id);
    assert.equal(before?.replacedSecretsExpireAt.length, mostReplacedSecrets);
    assert.equal(await rotate(id, 3_600), 'full');
    assert.deepEqual(await subscriptions.get(organisationId, id), before);
    await expireOldest(id);
    await rotated(id, 3_600);
    const kept = await database.sql`SELECT FROM subscription_secrets WHERE subscription_id = ${id}`;
    assert.equal(kept.length, mostReplacedSecrets);
  });

  it('follow one another when rotated at once', async () => {
    const { id, secret: first } = await subscribe();
    const made = await Promise.all([rotated(id, 3_600), rotated(id, 3_600), rotated(id, 3_600)]);
    assert.deepEqual(await accepted(id, [first, ...made]), [true, true, true, true]);
  });

  it('are made anew where another SECRET_KEY sealed the present one', async () => {
    const other = createSubscriptionStore(database.sql, createSealer('another key of thirty-two letters'));
    const draft = { name: 'Old', url: 'https://example.com', dialect: 'pagerduty.v3', events: ['incident.triggered'] };
    const { id } = await other.create(organisationId, draft);
    await assert.rejects(nextRequest(id), /SECRET_KEY/);
    const secret = await rotated(id, 3_600);
    assert.deepEqual(await accepted(id, [secret]), [true]);
    assert.deepEqual((await subscriptions.get(organisationId, id))?.replacedSecretsExpireAt, []);
  });
});
