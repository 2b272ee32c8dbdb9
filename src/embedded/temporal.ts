import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Connection } from '@temporalio/client';
import { retryUntil, watchChild, type LaunchedProcess } from './child-process.ts';
import { openLog } from './log-file.ts';
import { findProcesses, signalProcess, waitUntilGone } from './processes.ts';
import { keepTemporalDatabase, openTemporalDatabase } from './temporal-database.ts';

const readyWithin = 60_000;

export interface TemporalOptions {
  /** The Temporal CLI. */
  program: string;
  databaseFile: string;
  namespace: string;
  port: number;
  /** Undefined: without the web UI. */
  uiPort: number | undefined;
  logFile: string;
}

/** Starts the Temporal CLI's dev server on loopback; ready once its namespace answers. */
export async function launchTemporal(options: TemporalOptions): Promise<LaunchedProcess> {
  openTemporalDatabase(options.databaseFile);
  const log = openLog(options.logFile);
  const child = spawn(options.program, temporalArguments(options), {
    stdio: ['ignore', log, log],
    // Settings for a Temporal elsewhere would lead the CLI astray.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'))),
    detached: true,
  });
  closeSync(log);
  return watchChild(child, async (ended) => {
    await retryUntil(() => answers(options), readyWithin, ended);
    keepTemporalDatabase(options.databaseFile);
  });
}

/** Stops a dev server that a killed supervisor left on this database. */
export async function stopLeftTemporal(databaseFile: string): Promise<void> {
  const left = findProcesses({ arguments: [['--db-filename', databaseFile]] });
  for (const pid of left) signalProcess(pid, 'SIGTERM');
  if (await waitUntilGone(left, 10_000)) return;
  for (const pid of left) signalProcess(pid, 'SIGKILL');
  await waitUntilGone(left, 5_000);
}

function temporalArguments(options: TemporalOptions): string[] {
  // Without these three every task waits some 35 ms: 20 polls a second, and the dev server has one shard.
  const pollRates = ['transfer', 'timer', 'visibility'].flatMap((queue) => [
    '--dynamic-config-value',
    `history.${queue}ProcessorMaxPollRPS=2000`,
  ]);
  return [
    'server',
    'start-dev',
    ...['--db-filename', options.databaseFile],
    // "full" rather than "normal": it must not forget moments at a power cut.
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'],
    ...pollRates,
    ...['--ip', '127.0.0.1', '--port', String(options.port)],
    ...(options.uiPort === undefined ? ['--headless'] : ['--ui-ip', '127.0.0.1', '--ui-port', String(options.uiPort)]),
    ...(options.namespace === 'default' ? [] : ['--namespace', options.namespace]),
    ...['--log-level', 'warn'],
  ];
}

async function answers({ port, namespace }: TemporalOptions): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } finally {
    await connection.close();
  }
}
