import assert from 'node:assert/strict';
import { isMigrated, migrate, readMigrations, type Migration } from '../../src/stores/migrations.ts';
import { createSql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

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
});
