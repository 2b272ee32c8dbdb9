import { ConfigError, loadConfig } from './config.ts';
import { createLogger } from './logger.ts';
import { migrate, readMigrations } from './stores/migrations.ts';
import { createSql } from './stores/sql.ts';

// Production entry point: brings the database at DATABASE_URL to this release's schema, then exits.
try {
  const config = loadConfig(process.env, ['DATABASE_URL']);
  const logger = createLogger(config.logLevel, 'migrate');
  const sql = createSql(config.databaseUrl!, { max: 1, applicationName: 'tocsin-migrate' });
  try {
    const applied = await migrate(sql, await readMigrations(new URL('../migrations/', import.meta.url)));
    logger.info({ applied }, applied.length === 0 ? 'the schema is up to date' : 'migrated');
  } finally {
    await sql.end({ timeout: 5 });
  }
} catch (error) {
  const text =
    error instanceof ConfigError ? error.message : `migrate: ${error instanceof Error ? error.message : error}`;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
