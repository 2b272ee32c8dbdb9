import assert from 'node:assert/strict';
import { auditSubjects, createAuditLog } from '../../src/stores/audit-log.ts';
import { createDeliveryStore } from '../../src/stores/deliveries.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

/** Tables of an organisation's own of which the audit log tells nothing: what happens, and how that is kept. */
const unaudited = [
  'actions',
  'audit_entries',
  'command_contents',
  'component_incidents',
  'counters',
  'deliveries',
  'delivery_attempts',
  'event_matches',
  'events',
  'idempotency_keys',
  'incident_claims',
  'incident_memberships',
  'incident_tasks',
  'incidents',
  'log_entries',
  'notifications',
  'transitions',
];

describe('stores/audit-log', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
  });
  after(() => database.drop());

  const entriesOf = (subjectId: string) =>
    createAuditLog(database.sql).list(organisation.organisationId, { subjectId }, { limit: 200 });

  interface Audited {
    table: string;
    subject: string;
    hidden: string[];
    passedOver: string[];
  }
  async function audited(): Promise<Audited[]> {
    const rows = await database.sql<{ table: string; arguments: Buffer }[]>`
      SELECT DISTINCT tgrelid::regclass::text AS table, tgargs AS arguments FROM pg_trigger
      WHERE tgfoid = 'record_change'::regproc AND tgenabled = 'O'`;
    return rows.map((row) => {
      const [subject, hidden, passedOver] = Buffer.from(row.arguments).toString().split('\0');
      const listOf = (text = '') => text.slice(1, -1).split(',').filter(Boolean);
      return { table: row.table, subject: subject!, hidden: listOf(hidden), passedOver: listOf(passedOver) };
    });
  }
  const columns = () => database.sql<{ table: string; name: string; type: string }[]>`
    SELECT table_name AS table, column_name AS name, data_type AS type FROM information_schema.columns
    WHERE table_schema = 'public'`;

  it('tells of every table of an organisation, or this list says why not', async () => {
    const owned = (await columns()).filter(({ name }) => name === 'organisation_id').map(({ table }) => table);
    const told = await audited();
    assert.deepEqual(
      owned.filter((table) => !told.some((each) => each.table === table)).sort(),
      unaudited.filter((table) => owned.includes(table)).sort(),
    );
    assert.deepEqual(told.map(({ subject }) => subject).sort(), [...auditSubjects].sort());
    for (const { table } of told) {
      const [row] = await database.sql<{ events: number }[]>`
        SELECT bit_or(tgtype) AS events FROM pg_trigger
        WHERE tgrelid = ${table}::regclass AND tgfoid = 'record_change'::regproc`;
      // Of each row: INSERT 4, DELETE 8, UPDATE 16.
      assert.equal(row!.events & 29, 29, table);
    }
  });

  it('hides whatever is sealed or hashed, and names no column that is not there', async () => {
    const all = await columns();
    for (const { table, hidden, passedOver } of await audited()) {
      const own = all.filter((column) => column.table === table);
      for (const name of [...hidden, ...passedOver])
        assert.ok(
          own.some((column) => column.name === name),
          `${table}.${name}`,
        );
      const kept = own.filter(({ name }) => !hidden.includes(name) && !passedOver.includes(name));
      for (const { name, type } of kept) {
        assert.notEqual(type, 'bytea', `${table}.${name}`);
        assert.doesNotMatch(name, /secret|token|password|hash|code|sealed|(?<!incident|sort)_key$/, `${table}.${name}`);
      }
    }
  });

  it('only grows', async () => {
    const { sql } = database;
    const before = await sql`SELECT * FROM audit_entries ORDER BY sequence`;
    assert.ok(before.length > 0);
    for (const statement of [
      `UPDATE audit_entries SET ip = 'nowhere'`,
      `UPDATE audit_entries SET ip = 'nowhere' WHERE false`,
      'DELETE FROM audit_entries',
      'TRUNCATE audit_entries',
      'TRUNCATE organisations CASCADE',
    ])
      await assert.rejects(sql.unsafe(statement), /audit_entries only grows/, statement);
    assert.deepEqual([...(await sql`SELECT * FROM audit_entries ORDER BY sequence`)], [...before]);
  });

  it('tells nothing of what changes nothing, of bookkeeping, or of what a failed transaction undid', async () => {
    const { sql } = database;
    const { organisationId, teamId, apiKeyId } = organisation;
    const count = async () => (await sql`SELECT FROM audit_entries`).length;
    const before = await count();
    await sql`UPDATE teams SET name = name WHERE organisation_id = ${organisationId}`;
    await sql`UPDATE api_keys SET last_used_at = now(), last_used_ip = '192.0.2.1' WHERE id = ${apiKeyId}`;
    await sql`UPDATE organisations SET rulesets_version = rulesets_version + 1 WHERE id = ${organisationId}`;
    await assert.rejects(
      sql.begin(async (tx) => {
        await tx`UPDATE teams SET name = 'Undone' WHERE id = ${teamId}`;
        throw new Error('stop');
      }),
    );
    assert.equal(await count(), before);
  });

  it('tells that a row was marked deleted once, and of one that is really deleted', async () => {
    const { sql } = database;
    const [page] = await sql<{ id: string }[]>`
      INSERT INTO status_pages (id, organisation_id, name)
      VALUES (gen_random_uuid(), ${organisation.organisationId}, 'Page') RETURNING id`;
    await sql`UPDATE status_pages SET name = 'Gone', deleted_at = now() WHERE id = ${page!.id}`;
    await sql`UPDATE status_pages SET name = 'Later' WHERE id = ${page!.id}`;
    await sql`DELETE FROM status_pages WHERE id = ${page!.id}`;
    const told = (await entriesOf(page!.id)).map(({ action, before, after }) => [action, before?.name, after?.name]);
    assert.deepEqual(told.reverse(), [
      ['created', undefined, 'Page'],
      ['deleted', 'Page', undefined],
      ['deleted', 'Later', undefined],
    ]);
  });

  it('names nobody for what the product does by itself', async () => {
    const { sql } = database;
    const sealer = createSealer('test-secret-key-of-32-characters-or-more');
    const { organisationId } = organisation;
    const subscription = await createSubscriptionStore(sql, sealer).create(organisationId, {
      ...{ name: 'Gone', url: 'https://example.com/gone', dialect: 'standard', events: ['incident.triggered'] },
    });
    const deliveries = createDeliveryStore(sql, sealer);
    const [delivery] = await sql<{ id: string; leaseToken: string }[]>`
      INSERT INTO deliveries (id, organisation_id, subscription_id, sequence, transition_type, shard, status, event, snapshot, lease_token, leased_until, created_at, subject_id)
      VALUES (gen_random_uuid(), ${organisationId}, ${subscription.id}, 1, 'ping', 0, 'pending', 'ping', '{}',
        gen_random_uuid(), now() + interval '1 minute', now(), gen_random_uuid())
      RETURNING id, lease_token`;
    await deliveries.record(
      { ...delivery!, subscriptionId: subscription.id },
      { outcome: 'http_error', statusCode: 410, durationMs: 1, error: null, response: null },
      { retryInMs: null, endpoint: 'fails', isGone: true, pauseMs: 0 },
    );
    const [entry] = await entriesOf(subscription.id);
    assert.deepEqual(
      [entry!.action, entry!.agent, entry!.apiKeyId, entry!.ip, entry!.requestId],
      ['updated', null, null, null, null],
    );
    assert.deepEqual(
      [entry!.before!.enabled, entry!.after!.enabled, entry!.after!.disabled_reason],
      [true, false, 'gone'],
    );
  });
});
