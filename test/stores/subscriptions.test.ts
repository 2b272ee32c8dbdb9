import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore, type SubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation } from '../support/organisation.ts';

describe('stores/subscriptions', () => {
  let database: TestDatabase;
  let organisationId: string;
  let subscriptions: SubscriptionStore;
  const sealer = createSealer('a test key of thirty-two characters');

  before(async () => {
    database = await createTestDatabase();
    ({ organisationId } = await insertOrganisation(database.sql));
    subscriptions = createSubscriptionStore(database.sql, sealer);
  });
  after(() => database.drop());

  const create = (name: string) =>
    subscriptions.create(organisationId, {
      name,
      url: 'https://example.com/hook',
      dialect: 'pulseapi',
      events: ['incident.created'],
      transitionTypes: ['triggered'],
    });

  it('answers the secret once and stores it sealed', async () => {
    const { secret, ...created } = await create('Chat');
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual(await subscriptions.get(organisationId, created.id), created);
    assert.deepEqual(Object.keys(created).sort(), [
      'createdAt',
      'dialect',
      'enabled',
      'events',
      'id',
      'name',
      'transitionTypes',
      'url',
    ]);
    const [row] = await database.sql<{ secret: Buffer }[]>`SELECT secret FROM subscriptions WHERE id = ${created.id}`;
    assert.equal(row!.secret.includes(secret), false);
    assert.equal(sealer.open(row!.secret, created.id), secret);
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
    assert.equal(await subscriptions.get(uuid(), first[0]!.id), undefined);
  });

  it('takes part in a transaction that is given', async () => {
    await assert.rejects(
      database.sql.begin(async (tx) => {
        await subscriptions.create(
          organisationId,
          { name: 'rolled back', url: 'https://example.com', dialect: 'standard', events: [], transitionTypes: [] },
          tx,
        );
        throw new Error('undo');
      }),
      /undo/,
    );
    const listed = await subscriptions.list(organisationId, { limit: 50 });
    assert.ok(listed.every(({ name }) => name !== 'rolled back'));
  });
});
