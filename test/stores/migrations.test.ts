import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { permissions } from '../../src/domain/access/permission.ts';
import { takePendingEvents } from '../../src/stores/inbox.ts';
import { createIncidentReads } from '../../src/stores/incident-reads.ts';
import { createIncidentTypeStore } from '../../src/stores/incident-types.ts';
import { isMigrated, migrate, readMigrations, type Migration } from '../../src/stores/migrations.ts';
import { createSeverityStore } from '../../src/stores/severities.ts';
import { createSql, type Sql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';

const folder = new URL('../../migrations/', import.meta.url);
const extra = (name: string, sql: string): Migration => ({ name, sql, checksum: `checksum of ${sql}` });

describe('migrations', () => {
  let database: TestDatabase;
  let migrations: Migration[];

  beforeEach(async () => {
    database = await createTestDatabase();
    migrations = await readMigrations(folder);
  });
  afterEach(() => database.drop());

  it('are applied once, however many migrators run at a time', async () => {
    assert.deepEqual(await migrate(database.sql, migrations), []);
    const next = [...migrations, extra('9000_counted.sql', 'CREATE TABLE counted (id integer)')];
    const others = [1, 2].map(() => createSql(database.url, { max: 1 }));
    const applied = await Promise.all([database.sql, ...others].map((sql) => migrate(sql, next)));
    assert.deepEqual(applied.flat(), ['9000_counted.sql']);
    await Promise.all(others.map((sql) => sql.end()));
  });

  it('that fail half way leave nothing behind and can be mended', async () => {
    const broken = extra('9000_broken.sql', 'CREATE TABLE half (id integer); SELECT 1 / 0');
    await assert.rejects(migrate(database.sql, [...migrations, broken]), { code: '22012' });
    const [row] = await database.sql`SELECT to_regclass('half') AS found`;
    assert.equal(row?.found, null);
    const mended = extra('9000_broken.sql', 'CREATE TABLE half (id integer)');
    assert.deepEqual(await migrate(database.sql, [...migrations, mended]), ['9000_broken.sql']);
  });

  it('that were edited after they were applied are refused', async () => {
    const [first, ...rest] = migrations;
    await assert.rejects(migrate(database.sql, [{ ...first!, checksum: 'another' }, ...rest]), /edited after/);
  });

  it('of a newer release are refused by an older one, which still serves', async () => {
    await migrate(database.sql, [...migrations, extra('9000_newer.sql', 'SELECT 1')]);
    await assert.rejects(migrate(database.sql, migrations), /newer than this release/);
    assert.equal(await isMigrated(database.sql, migrations), true);
  });

  it('are known to be missing, also in an empty database', async () => {
    assert.equal(await isMigrated(database.sql, [...migrations, extra('9000_next.sql', 'SELECT 1')]), false);
    await database.sql`DROP TABLE migrations`;
    assert.equal(await isMigrated(database.sql, migrations), false);
  });

  it('keep actions and matches of the releases before, in the form of today', async () => {
    await withMigrationsBefore('0005', async (sql) => {
      const { organisationId, teamId, webhookId } = await insertOrganisation(sql);
      const [incidentId, rulesetId, eventId, subscriptionId] = [uuid(), uuid(), uuid(), uuid()];
      const at = '2026-11-21T05:10:00.000Z';
      await sql`
        INSERT INTO rulesets (
          id, organisation_id, number, team_id, level, rule_type, name, description, urgency, conditions, assignees)
        VALUES (${rulesetId}, ${organisationId}, 1, ${teamId}, 'team', 'webhook', 'Old', '', 'high', '[]', '[]')`;
      await sql`
        INSERT INTO incidents (
          id, organisation_id, number, team_id, name, description, urgency, created_at, status, lifecycle, opening)
        VALUES (${incidentId}, ${organisationId}, 1, ${teamId}, 'Old', '', 'high', ${at}, 'triggered',
          ${sql.json({ assignees: [{ type: 'team', id: uuid() }] })}, '{}')`;
      await sql`
        INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, ip, body)
        VALUES (${eventId}, ${organisationId}, ${webhookId}, 0, ${at}, '192.0.2.7', '')`;
      await sql`
        INSERT INTO event_matches (organisation_id, event_id, ruleset_id, incident_id, outcome)
        VALUES (${organisationId}, ${eventId}, ${rulesetId}, ${incidentId}, 'opened')`;
      for (const [sequence, settings] of [{ subscriptionId }, { subscriptionId: null }].entries()) {
        await sql`
          INSERT INTO transitions (organisation_id, incident_id, sequence, id, type, at, snapshot)
          VALUES (${organisationId}, ${incidentId}, ${sequence}, ${uuid()}, 'action_run', ${at}, '{"team": {}}')`;
        await sql`
          INSERT INTO actions (id, organisation_id, incident_id, sequence, type, trigger, settings, at)
          VALUES (${uuid()}, ${organisationId}, ${incidentId}, ${sequence}, 'trigger-alerts', 'manual',
            ${sql.json(settings)}, ${at})`;
      }

      await migrate(sql, migrations);
      const actions = await createIncidentReads(sql).actions(organisationId, incidentId, { limit: 10 });
      assert.deepEqual(
        actions.map(({ settings, outcome, finishedAt }) => [settings, outcome, finishedAt]),
        [
          [[{ subscription_id: subscriptionId }], null, null],
          [[], 'succeeded', at],
        ],
      );
      const { events } = await sql.begin((tx) => takePendingEvents(tx, 0, 10));
      assert.deepEqual(events[0]?.recorded, [`${rulesetId}:0:opened`]);
    });
  });

  it('give organisations and keys of the releases before what those of today begin with', async () => {
    await withMigrationsBefore('0008', async (sql) => {
      const before = await insertOrganisation(sql, 'Before');
      for (const [number, severity, visibility] of [
        [1, 'MAJOR', 'public'],
        [2, 'odd', 'private'],
      ] as const)
        await sql`
          INSERT INTO incidents (id, organisation_id, number, team_id, name, description, urgency, created_at, status,
            lifecycle, opening, severity, visibility)
          VALUES (${uuid()}, ${before.organisationId}, ${number}, ${before.teamId}, 'Named', '', 'high', now(), 'triggered',
            '{"name": "Named", "assignees": []}', '{"name": "Named"}', ${severity}, ${visibility})`;

      await migrate(sql, migrations);
      const incidents = await sql<{ opening: unknown; severity: string | null }[]>`
        SELECT i.opening, s.name AS severity FROM incidents i LEFT JOIN severities s ON s.id = i.severity_id ORDER BY i.number`;
      assert.deepEqual(
        [...incidents],
        [
          { opening: { name: 'Named' }, severity: 'Major' },
          { opening: { name: 'INC-2' }, severity: null },
        ],
      );
      // A process of the release before that is still at work names none of the new columns.
      const after = await insertOrganisation(sql, 'After');
      for (const { organisationId, apiKeyId } of [before, after]) {
        const [key] = await sql`SELECT permissions FROM api_keys WHERE id = ${apiKeyId}`;
        assert.deepEqual(key!.permissions, [...permissions]);
        assert.equal((await createIncidentTypeStore(sql).defaultOf(organisationId)).name, 'Default');
        assert.equal((await createSeverityStore(sql).list(organisationId)).length, 3);
      }
    });
  });

  it('let whoever of the release before is at work finish, and break off neither them nor themselves', async () => {
    await withMigrationsBefore('0008', async (sql) => {
      await insertOrganisation(sql);
      // As the inbox pump does: events with their webhooks first, incidents later.
      const { migrating } = await sql.begin(async (tx) => {
        await tx`SELECT FROM webhooks`;
        const migrating = migrate(sql, migrations);
        await poll(async () => {
          const [lock] = await sql`
            SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
            WHERE NOT l.granted AND l.relation = 'webhooks'::regclass`;
          return lock !== undefined;
        });
        await tx`SELECT FROM incidents FOR NO KEY UPDATE`;
        return { migrating };
      });
      assert.equal((await migrating)[0], '0008_permissions_and_incident_io.sql');
    });
  });

  /** A database as the release had it that knew no migration from `first` on. */
  async function withMigrationsBefore(first: string, work: (sql: Sql) => Promise<void>): Promise<void> {
    const admin = createSql(process.env.TEST_DATABASE_URL!, { max: 1 });
    const name = `test_${uuid().replaceAll('-', '')}`;
    await admin.unsafe(`CREATE DATABASE ${name}`);
    const sql = createSql(Object.assign(new URL(process.env.TEST_DATABASE_URL!), { pathname: `/${name}` }).toString());
    try {
      await migrate(
        sql,
        migrations.filter(({ name }) => name < first),
      );
      await work(sql);
    } finally {
      await sql.end({ timeout: 1 });
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    }
  }
});
