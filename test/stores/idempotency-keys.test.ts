import assert from 'node:assert/strict';
import { type Claim, createIdempotencyKeyStore, type IdempotencyKeyStore } from '../../src/stores/idempotency-keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

describe('idempotency key store', () => {
  let database: TestDatabase;
  let own: TestOrganisation;
  let keys: IdempotencyKeyStore;
  before(async () => {
    database = await createTestDatabase();
    own = await insertOrganisation(database.sql);
    keys = createIdempotencyKeyStore(database.sql);
  });
  after(() => database.drop());

  const one = Buffer.from('fingerprint one');
  const two = Buffer.from('fingerprint two');
  const claim = async (key: string, fingerprint = one): Promise<Claim> => {
    const result = await keys.claim(own.organisationId, own.apiKeyId, key, fingerprint);
    assert.equal(result.type, 'claimed');
    return (result as { claim: Claim }).claim;
  };
  const lapse = (key: string) => database.sql`UPDATE idempotency_keys SET locked_until = now() WHERE key = ${key}`;

  it('gives a key to one of many', async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => claim('race')));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results)
      if (result.status === 'rejected') assert.equal(result.reason.code, 'idempotency_key_in_use');
  });

  it('keeps an outcome while the claim stands', async () => {
    const lost = await claim('lease');
    await lapse('lease');
    const taken = await claim('lease');
    assert.equal(taken.createdAt, lost.createdAt, 'the identity of the request stays');
    await assert.rejects(keys.complete(lost, { status: 201, body: 'late' }), { code: 'idempotency_key_in_use' });
    await keys.forget(lost);
    await keys.complete(taken, { status: 201, body: 'made' });
    assert.deepEqual(await keys.claim(own.organisationId, own.apiKeyId, 'lease', one), {
      type: 'done',
      outcome: { status: 201, body: 'made' },
    });
  });

  it('refuses another request, also while the first is in flight or lapsed', async () => {
    await claim('other');
    await assert.rejects(claim('other', two), { code: 'idempotency_key_reused' });
    await lapse('other');
    await assert.rejects(claim('other', two), { code: 'idempotency_key_reused' });
  });

  it('forgets a refused request and keeps a failed one', async () => {
    await keys.forget(await claim('refused'));
    await claim('refused', two);
    const failed = await claim('failed');
    await keys.release(failed);
    assert.equal((await claim('failed')).createdAt, failed.createdAt);
  });

  it('starts anew after a day, and deletes what is older', async () => {
    const first = await claim('old');
    await keys.complete(first, { status: 200, body: '' });
    await database.sql`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'`;
    assert.notEqual((await claim('old', two)).createdAt, first.createdAt);
    await database.sql`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`;
    await claim('young');
    assert.ok((await keys.forgetOld()) > 0);
    assert.deepEqual(
      (await database.sql`SELECT key FROM idempotency_keys`).map(({ key }) => key),
      ['young'],
    );
  });
});
