import assert from 'node:assert/strict';
import { createSealer } from '../../src/stores/sealed.ts';
import { createWebhookStore, type NewWebhook } from '../../src/stores/webhooks.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

describe('webhook store', () => {
  let database: TestDatabase;
  let own: TestOrganisation;
  before(async () => {
    database = await createTestDatabase();
    own = await insertOrganisation(database.sql);
  });
  after(() => database.drop());

  const sealer = createSealer('test-secret-key-of-32-characters-or-more');
  const draft: NewWebhook = {
    name: null,
    description: '',
    monitorUrl: null,
    monitorMethod: null,
    checkPaths: { httpStatusCode: 'a.b', error: undefined },
  };

  it('names a webhook after its number and leaves unset paths out', async () => {
    const { sql } = database;
    const webhooks = createWebhookStore(sql, sealer);
    const made = await webhooks.create(own.organisationId, draft, sql);
    assert.ok(made !== 'unknown_team');
    assert.deepEqual([made.number, made.name, made.enabled], [2, 'Webhook 2', true]);
    assert.deepEqual(made.checkPaths, { httpStatusCode: 'a.b' });
    assert.deepEqual(await webhooks.get(own.organisationId, made.id), made);
    assert.deepEqual([...(await webhooks.list(own.organisationId, { limit: 5, after: 1 }))], [made]);
  });

  it('keeps organisations apart', async () => {
    const other = await insertOrganisation(database.sql, 'Other');
    const webhooks = createWebhookStore(database.sql, sealer);
    assert.equal(await webhooks.get(own.organisationId, other.webhookId), undefined);
    const ids = (await webhooks.list(own.organisationId, { limit: 99 })).map(({ id }) => id);
    assert.ok(ids.includes(own.webhookId) && !ids.includes(other.webhookId));
  });
});
