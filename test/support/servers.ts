import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaunchedProcess } from '../../src/embedded/child-process.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { launchPostgres, postgresUrl } from '../../src/embedded/postgres.ts';
import { openPostgresCluster } from '../../src/embedded/postgres-cluster.ts';
import { launchTemporal } from '../../src/embedded/temporal.ts';

export interface TestServers {
  databaseUrl: string;
  temporalAddress: string;
  stop(): Promise<void>;
}

/** One throw-away Postgres and one Temporal dev server for a whole run of tests. */
export async function startTestServers(temporalCli: string): Promise<TestServers> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  chmodSync(directory, 0o711);
  const running: LaunchedProcess[] = [];
  const stop = async () => {
    for (const process of running) process.signal('SIGKILL');
    await Promise.all(running.map((process) => process.ended));
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [databaseUrl, temporalAddress] = await Promise.all([startPostgres(), startTemporal()]);
    return { databaseUrl, temporalAddress, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function startPostgres(): Promise<string> {
    const password = randomBytes(16).toString('hex');
    const cluster = await openPostgresCluster({ dataDirectory: directory, password });
    const port = await freePort();
    const postgres = await launchPostgres(cluster, {
      port,
      password,
      logFile: join(directory, 'postgres.log'),
      // Nobody needs these rows after a power cut.
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    });
    running.push(postgres);
    await postgres.ready;
    return postgresUrl(port, password);
  }

  async function startTemporal(): Promise<string> {
    const port = await freePort();
    const temporal = await launchTemporal({
      program: temporalCli,
      databaseFile: join(directory, 'temporal.db'),
      namespace: 'default',
      port,
      uiPort: undefined,
      logFile: join(directory, 'temporal.log'),
    });
    running.push(temporal);
    await temporal.ready;
    return `127.0.0.1:${port}`;
  }
}
