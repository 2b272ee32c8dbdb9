import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import type { Sql } from './sql.ts';

/** Any fixed number: whoever migrates holds this advisory lock. */
const migrationLock = 7_226_501;

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/** Reads `NNNN_name.sql` files in order. */
export async function readMigrations(directory: URL): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, directory), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Applies what is missing, each migration in a transaction of its own, one migrator at a time; answers the names
 * applied. Throws when an applied migration was edited, or when the database is ahead of this release.
 */
export async function migrate(sql: Sql, migrations: Migration[]): Promise<string[]> {
  const connection = await sql.reserve();
  try {
    await connection`SET statement_timeout = 0`;
    await connection`SELECT pg_advisory_lock(${migrationLock})`;
    await connection`
      CREATE TABLE IF NOT EXISTS migrations (
        name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
      )`;
    const applied = await connection<{ name: string; checksum: string }[]>`SELECT name, checksum FROM migrations`;
    assertKnown(migrations, applied);
    const missing = migrations.filter((migration) => !applied.some((row) => row.name === migration.name));
    for (const migration of missing) {
      await connection`BEGIN`;
      try {
        await connection.unsafe(migration.sql);
        await connection`INSERT INTO migrations (name, checksum) VALUES (${migration.name}, ${migration.checksum})`;
        await connection`COMMIT`;
      } catch (error) {
        await connection`ROLLBACK`;
        throw error;
      }
    }
    return missing.map((migration) => migration.name);
  } finally {
    await connection`SELECT pg_advisory_unlock(${migrationLock})`.catch(() => undefined);
    connection.release();
  }
}

/**
 * True when every migration of this release is applied. Newer ones are no fault: while a release replaces another, both
 * serve for a while.
 */
export async function isMigrated(sql: Sql, migrations: Migration[]): Promise<boolean> {
  const [ledger] = await sql<{ found: string | null }[]>`SELECT to_regclass('migrations')::text AS found`;
  if (!ledger?.found) return false;
  const applied = await sql<{ checksum: string }[]>`SELECT checksum FROM migrations`;
  return migrations.every((migration) => applied.some((row) => row.checksum === migration.checksum));
}

function assertKnown(migrations: Migration[], applied: { name: string; checksum: string }[]): void {
  for (const row of applied) {
    const migration = migrations.find((candidate) => candidate.name === row.name);
    if (!migration)
      throw new Error(`The database is newer than this release: it has ${row.name}. Run the newer release.`);
    if (migration.checksum !== row.checksum)
      throw new Error(`${row.name} was edited after it was applied. Restore it and put the change in a new migration.`);
  }
}
