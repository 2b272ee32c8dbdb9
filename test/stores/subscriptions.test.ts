import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createSealer } from '../../src/stores/sealed.ts';
import {
  createSubscriptionStore,
  type NewSubscription,
  type SubscriptionStore,
} from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { insertIncident, insertTransition } from '../support/transition.ts';

describe('stores/subscriptions', () => {
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

  const create = (name: string, changes: Partial<NewSubscription> = {}) =>
    subscriptions.create(organisationId, {
      ...{ name, url: 'https://example.com/hook', dialect: 'standard', events: ['incident.triggered'] },
      ...changes,
    });
  const update = (id: string, change: Parameters<SubscriptionStore['update']>[2]) =>
    database.sql.begin((tx) => subscriptions.update(organisationId, id, change, tx));
  let numbers = 0;
  /** Of so many incidents, each with a delivery that waits. */
  const queue = async (subscriptionId: string, count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let made = 0; made < count; made++) {
      const incidentId = await insertIncident(database.sql, organisation, (numbers += 1));
      const transition = { organisationId, incidentId, sequence: 1, subscriptionIds: [subscriptionId] };
      ids.push(...(await insertTransition(database.sql, transition)));
    }
    return ids;
  };
  const statusOf = async (id: string) => {
    const [row] = await database.sql<{ status: string; leaseToken: string | null; nextAttemptAt: string | null }[]>`
      SELECT status, lease_token, next_attempt_at FROM deliveries WHERE id = ${id}`;
    return row!;
  };

  it('answers the secret once and stores it sealed, headers too', async () => {
    const { secret, ...created } = await create('Chat', { headers: { 'X-Token': 's3cr3t' } });
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual(await subscriptions.get(organisationId, created.id), created);
    assert.deepEqual(created.headerNames, ['X-Token']);
    assert.ok(!JSON.stringify(created).includes('s3cr3t'));
    const [row] = await database.sql<{ secret: Buffer; headers: Buffer }[]>`
      SELECT secret, headers FROM subscriptions WHERE id = ${created.id}`;
    assert.equal(row!.secret.includes(secret), false);
    assert.equal(row!.headers.includes('s3cr3t'), false);
    assert.equal(sealer.open(row!.secret, created.id), secret);
    assert.equal(sealer.open(row!.headers, created.id), '{"X-Token":"s3cr3t"}');
  });

  it('lists newest first, page by page, and only to their owner', async () => {
    await database.sql`DELETE FROM subscriptions`;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    const first = await subscriptions.list(organisationId, { limit: 2 });
    await create('made meanwhile');
    const second = await subscriptions.list(organisationId, { limit: 9, after: first.at(-1)!.id });
    assert.deepEqual(
      [...first, ...second].map(({ name }) => name),
      ['e', 'd', 'c', 'b', 'a'],
    );
    assert.deepEqual(await subscriptions.list(uuid(), { limit: 9 }), []);
    assert.deepEqual(await subscriptions.listFrom(uuid(), { dialect: 'standard' }, { offset: 0, limit: 9 }), []);
    assert.equal(await subscriptions.count(uuid(), { dialect: 'standard' }), 0);
    assert.equal(await subscriptions.count(organisationId, { dialect: 'standard' }), 6);
    assert.equal(await subscriptions.get(uuid(), first[0]!.id), undefined);
  });

  it('takes part in a transaction that is given', async () => {
    await assert.rejects(
      database.sql.begin(async (tx) => {
        const draft = { name: 'rolled back', url: 'https://example.com', dialect: 'standard', events: [] };
        await subscriptions.create(organisationId, draft, tx);
        throw new Error('undo');
      }),
      /undo/,
    );
    const listed = await subscriptions.list(organisationId, { limit: 50 });
    assert.ok(listed.every(({ name }) => name !== 'rolled back'));
  });

  it('holds one with the values of its headers, or without them where another key sealed them', async () => {
    const headers = { Authorization: 'Bearer t', 'X-Empty': '' };
    const { id } = await create('Held', { headers });
    const held = (store: SubscriptionStore) => database.sql.begin((tx) => store.hold(organisationId, id, tx));
    assert.deepEqual((await held(subscriptions))?.headers, headers);
    const other = createSubscriptionStore(database.sql, createSealer('another key of thirty-two letters'));
    assert.equal((await held(other))?.headers, null);
    assert.equal(await database.sql.begin((tx) => subscriptions.hold(uuid(), id, tx)), undefined);
  });

  it('changes nothing of another organisation', async () => {
    const { id } = await create('Own');
    const foreign = uuid();
    await database.sql.begin(async (tx) => {
      assert.equal(await subscriptions.update(foreign, id, { name: 'Stolen', enabled: false }, tx), undefined);
      assert.equal(await subscriptions.remove(foreign, id, tx), undefined);
      const rotation = { secret: null, expiresIn: 60 };
      assert.equal(await subscriptions.rotateSecret(foreign, id, rotation, tx), 'unknown');
    });
    const stands = await subscriptions.get(organisationId, id);
    assert.deepEqual([stands?.name, stands?.enabled], ['Own', true]);
  });

  it('cancels what another dialect has no name for, and keeps the rest', async () => {
    const { id } = await create('Changes');
    const [delivery] = await queue(id, 1);
    await update(id, { dialect: 'pagerduty.v3' });
    assert.equal((await statusOf(delivery!)).status, 'pending');
    await update(id, { dialect: 'pulseapi', events: ['incident.created'] });
    assert.equal((await statusOf(delivery!)).status, 'cancelled');
  });

  it('cancels what waits and what is on its way once it is deleted, and forgets its secrets', async () => {
    const { id } = await create('Deleted', { headers: { 'X-Token': 's3cr3t' } });
    const { id: other } = await create('Stays');
    const [waiting, underway, done] = await queue(id, 3);
    const [others] = await queue(other, 1);
    await database.sql`UPDATE deliveries SET lease_token = ${uuid()}, leased_until = now() WHERE id = ${underway!}`;
    await database.sql`UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL WHERE id = ${done!}`;
    const rotation = { secret: null, expiresIn: 60 };
    await database.sql.begin((tx) => subscriptions.rotateSecret(organisationId, id, rotation, tx));
    assert.deepEqual(await database.sql.begin((tx) => subscriptions.remove(organisationId, id, tx)), []);

    const gone = { status: 'cancelled', leaseToken: null, nextAttemptAt: null };
    assert.deepEqual(await statusOf(waiting!), gone);
    assert.deepEqual(await statusOf(underway!), gone);
    assert.equal((await statusOf(done!)).status, 'delivered');
    assert.equal((await statusOf(others!)).status, 'pending');
    const [row] = await database.sql`SELECT secret, headers, header_names FROM subscriptions WHERE id = ${id}`;
    assert.deepEqual([row!.secret.length, row!.headers, row!.headerNames], [0, null, []]);
    const secrets = await database.sql`SELECT FROM subscription_secrets WHERE subscription_id = ${id}`;
    assert.equal(secrets.length, 0);
    assert.equal(await subscriptions.get(organisationId, id), undefined);
    assert.equal(await update(id, { name: 'Back' }), undefined);
    assert.equal(await database.sql.begin((tx) => subscriptions.remove(organisationId, id, tx)), undefined);
  });
});
