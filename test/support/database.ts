import { randomBytes } from 'node:crypto';
import { migrate, readMigrations } from '../../src/stores/migrations.ts';
import { createSql, type Sql, type SqlOptions } from '../../src/stores/sql.ts';

export interface TestDatabase {
  sql: Sql;
  url: string;
  drop(): Promise<void>;
}

/** A fresh, migrated database in the Postgres that `npm test` started; call `drop` when done. */
export async function createTestDatabase(options: SqlOptions = {}): Promise<TestDatabase> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (!serverUrl) throw new Error('TEST_DATABASE_URL is not set: run tests with `npm test -- <file>`');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = createSql(serverUrl, { max: 1 });
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).toString();
  const sql = createSql(url, options);
  await migrate(sql, await readMigrations(new URL('../../migrations/', import.meta.url)));
  return {
    sql,
    url,
    async drop() {
      await sql.end({ timeout: 1 });
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
