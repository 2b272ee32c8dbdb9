import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { retryUntil, watchChild } from '../../src/embedded/child-process.ts';
import { freePort } from '../../src/embedded/ports.ts';

/** An alert as Prometheus pushes it; `endsAt` in the past says that it is over. */
export interface PushedAlert {
  labels: Record<string, string>;
  annotations?: Record<string, string>;
  generatorURL?: string;
  startsAt?: string;
  endsAt?: string;
}

export interface Alertmanager {
  push(alerts: PushedAlert[]): Promise<void>;
  stop(): Promise<void>;
}

/** Prometheus Alertmanager as its authors wrote it, with this configuration (YAML), ready. Throws with its log. */
export async function startAlertmanager(configuration: string): Promise<Alertmanager> {
  const program = process.env.ALERTMANAGER_BIN;
  if (!program) throw new Error('ALERTMANAGER_BIN is not set: run tests with `npm test -- <file>`');
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-alertmanager-'));
  const file = join(directory, 'alertmanager.yml');
  await writeFile(file, configuration);
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    program,
    [
      `--config.file=${file}`,
      `--storage.path=${join(directory, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      // Alone, without gossip.
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);

  const stop = async () => {
    process.off('exit', endWithUs);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  };

  const isReady = async () => {
    const answer = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  };
  try {
    await (
      await watchChild(child, (ended) => retryUntil(isReady, 30_000, ended))
    ).ready;
  } catch (error) {
    await stop();
    throw new Error(`Alertmanager does not start: ${String(error)}\n${log}`, { cause: error });
  }

  return {
    async push(alerts) {
      const answer = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(alerts),
        signal: AbortSignal.timeout(10_000),
      });
      if (!answer.ok) throw new Error(`Alertmanager answers ${answer.status}: ${await answer.text()}`);
    },
    stop,
  };
}
