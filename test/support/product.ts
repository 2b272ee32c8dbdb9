import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/embedded/ports.ts';
import { signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import type { RunningProduct } from '../../src/embedded/run-file.ts';

export interface TestProduct {
  url: string;
  adminKey: string;
  dataDir: string;
  databaseUrl: string;
  temporalAddress: string;
  /** Everything it has printed. */
  output(): string;
  pids(): RunningProduct['pids'];
  /** As by SIGTERM to `npm start`; answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL to every process at once: what a power cut would do, but for the disks. */
  killAll(): Promise<void>;
}

export interface ProductSettings {
  env?: Record<string, string>;
  /** That of an earlier product, to start it again; without it a new one. */
  dataDir?: string;
}

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

/** What `npm start` runs, as a process in a group of its own, on free ports. Ends with this process at the latest. */
export async function spawnProduct({ env = {}, dataDir }: ProductSettings = {}) {
  const directory = dataDir ?? mkdtempSync(join(tmpdir(), 'tocsin-product-'));
  const child = fork(script, [], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: {
      ...withoutOtherServers(process.env),
      DATA_DIR: directory,
      PORT: String(await freePort()),
      TEMPORAL_UI_PORT: String(await freePort()),
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk));
  // Not by its "close": that never comes once the channel was closed from here.
  const streamsEnded = Promise.all([finished(child.stdout!), finished(child.stderr!)]);
  const ended = once(child, 'exit').then(async ([code]) => {
    await streamsEnded;
    return code as number | null;
  });
  return { child, directory, output: () => output, ended };
}

/** The whole real product, ready. Throws with its output when it ends before. */
export async function startProduct(settings: ProductSettings = {}): Promise<TestProduct> {
  const { child, directory, output, ended } = await spawnProduct(settings);
  const ready = new Promise<void>((resolve) => {
    const look = () => output().includes('Tocsin is ready.') && output().includes('Stop with Ctrl-C.') && resolve();
    child.stdout!.on('data', look);
  });
  await Promise.race([
    ready,
    ended.then((code) => {
      throw new Error(`The product ended with ${code} before it was ready:\n${output()}${logEnds(directory)}`);
    }),
  ]);

  const run = () => JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as RunningProduct;
  const { apiUrl, databaseUrl, temporalAddress } = run();
  const secrets = JSON.parse(readFileSync(join(directory, 'secrets.json'), 'utf8')) as { adminApiKey: string };
  return {
    url: apiUrl,
    adminKey: settings.env?.ADMIN_API_KEY ?? secrets.adminApiKey,
    dataDir: directory,
    databaseUrl,
    temporalAddress,
    output,
    pids: () => run().pids,
    async stop() {
      signalProcess(child.pid!, 'SIGTERM');
      return ended;
    },
    async killAll() {
      const tree = processTree(child.pid!);
      // The supervisor first, so that it starts nothing again.
      for (const pid of tree) signalProcess(pid, 'SIGKILL');
      await waitUntilGone(tree, 30_000);
    },
  };
}

/** Removes what a product left on disk. */
export async function removeDataDir(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** A process and all that descend from it, parents first. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').pop()!.split(' ');
      parents.set(Number(name), Number(fields[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

/** What a start that failed does not say itself. */
function logEnds(directory: string): string {
  return ['postgres', 'temporal', 'api', 'worker']
    .map((name) => ({ name, file: join(directory, `logs/${name}.log`) }))
    .filter(({ file }) => existsSync(file))
    .map(({ name, file }) => `--- ${name}.log\n${readFileSync(file, 'utf8').split('\n').slice(-8).join('\n')}\n`)
    .join('');
}

function withoutOtherServers(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = [
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'ADMIN_API_KEY',
    'SECRET_KEY',
    'PUBLIC_URL',
  ];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !others.includes(name)));
}
