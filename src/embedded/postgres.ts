import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createSql } from '../stores/sql.ts';
import { retryUntil, watchChild, type LaunchedProcess } from './child-process.ts';
import { openLog } from './log-file.ts';
import { superuser, type PostgresCluster } from './postgres-cluster.ts';

const database = 'tocsin';
/** Recovery after a crash replays at most a checkpoint's worth of log. */
const readyWithin = 120_000;

const settings = {
  listen_addresses: '127.0.0.1',
  // No socket file: its path may be at most some hundred bytes long, and a data directory's often is longer.
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Nothing replicates from here, so the log need only serve recovery.
  wal_level: 'minimal',
  max_wal_senders: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** The URL of the product's database in a cluster that listens on this port. */
export function postgresUrl(port: number, password: string): string {
  return `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** Starts Postgres on loopback; ready once it takes queries and its database exists. */
export async function launchPostgres(
  cluster: PostgresCluster,
  options: { port: number; password: string; logFile: string; settings?: Record<string, string> },
): Promise<LaunchedProcess> {
  const {
    file,
    args,
    options: user,
  } = cluster.user.command(`${cluster.programs}/postgres`, [
    '-D',
    cluster.directory,
    '-p',
    String(options.port),
    ...Object.entries({ ...settings, ...options.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const log = openLog(options.logFile);
  const child = spawn(file, args, { ...user, cwd: '/', stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  return watchChild(child, (ended) => retryUntil(() => ensureDatabase(options), readyWithin, ended));
}

async function ensureDatabase({ port, password }: { port: number; password: string }): Promise<void> {
  const url = Object.assign(new URL(postgresUrl(port, password)), { pathname: '/postgres' });
  const sql = createSql(url.toString(), { max: 1 });
  try {
    const found = await sql`SELECT 1 FROM pg_database WHERE datname = ${database}`;
    if (found.length === 0) await sql.unsafe(`CREATE DATABASE ${database}`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
