import assert from 'node:assert/strict';
import { createApiKeyStore } from '../../src/stores/api-keys.ts';
import { createOrganisationStore, ensureAdminKey } from '../../src/stores/organisations.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('organisation store', () => {
  let database: TestDatabase;
  beforeEach(async () => void (database = await createTestDatabase()));
  afterEach(() => database.drop());

  it('makes one admin organisation, however many processes start at once', async () => {
    const { sql } = database;
    const keys = Array.from({ length: 8 }, (_, index) => `admin-key-number-${index}`);
    await Promise.all(keys.map((key) => ensureAdminKey(sql, key)));
    assert.equal((await sql`SELECT 1 FROM organisations`).length, 1);
    assert.equal((await sql`SELECT 1 FROM teams`).length, 1);
    const found = await Promise.all(keys.map((key) => createApiKeyStore(sql).find(key)));
    assert.equal(found.filter((key) => key?.isAdmin).length, 1, 'the last one counts, alone');
  });

  it('finds a key by the whole key alone', async () => {
    const { sql } = database;
    const organisation = await createOrganisationStore(sql).create('Acme', sql);
    const keys = createApiKeyStore(sql);
    const draft = {
      name: 'First key',
      permissions: ['view_data' as const],
      teamId: null,
      memberId: null,
      expiresAt: null,
    };
    const made = await sql.begin((tx) => keys.create(organisation.id, draft, null, tx));
    assert.ok(typeof made === 'object');
    assert.deepEqual(await keys.find(made.key), {
      ...draft,
      id: made.id,
      organisationId: organisation.id,
      isAdmin: false,
      memberName: null,
      rotatedAt: null,
    });
    for (const wrong of [made.key.slice(0, -1), `${made.key}=`, made.prefix, made.key.toUpperCase(), ''])
      assert.equal(await keys.find(wrong), undefined, wrong);
  });

  it('undoes all of an organisation when its transaction fails', async () => {
    const { sql } = database;
    const failed = sql.begin(async (tx) => {
      await createOrganisationStore(sql).create('Half', tx);
      throw new Error('stop');
    });
    await assert.rejects(failed, /stop/);
    for (const table of ['organisations', 'teams', 'counters'])
      assert.equal((await sql.unsafe(`SELECT 1 FROM ${table}`)).length, 0, table);
  });
});
