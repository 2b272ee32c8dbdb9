import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchChild, type LaunchedProcess } from './child-process.ts';
import { createLogFile } from './log-file.ts';
import { findProcesses, signalProcess, waitUntilGone } from './processes.ts';

const readyWithin = 120_000;
/** pino's number for "warn". */
const warn = 40;

export interface EntryPointOptions {
  /** The file's name in src, or in dist, without its extension. */
  name: 'server' | 'worker';
  env: Record<string, string | undefined>;
  dataDirectory: string;
  logFile: string;
  /** Gets what goes to the terminal: warnings, errors, and lines that are no JSON. */
  say(line: string): void;
}

/** Forks an entry point; ready when it says so over the IPC channel. It ends by itself when this process dies. */
export async function launchEntryPoint(options: EntryPointOptions): Promise<LaunchedProcess> {
  const extension = extname(fileURLToPath(import.meta.url));
  const file = fileURLToPath(new URL(`../${options.name}${extension}`, import.meta.url));
  const child = fork(file, [mark(options.dataDirectory)], {
    env: options.env,
    execArgv: extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A Ctrl-C reaches the whole terminal group; the order of stopping is the supervisor's.
    detached: true,
  });
  const log = createLogFile(options.logFile);
  for (const stream of [child.stdout!, child.stderr!])
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      log.write(line);
      const shown = terminalLine(line);
      if (shown !== undefined) options.say(`[${options.name}] ${shown}`);
    });
  child.once('close', () => log.close());
  return watchChild(child, () => {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`it was not ready within ${readyWithin / 1000} s`)), readyWithin);
      child.once('exit', () => clearTimeout(late));
      child.on('message', (message) => {
        if ((message as { type?: string }).type !== 'ready') return;
        clearTimeout(late);
        resolve();
      });
    });
  });
}

/** Stops entry points of a supervisor that was killed, should they not have ended by themselves. */
export async function stopLeftEntryPoints(dataDirectory: string): Promise<void> {
  const left = findProcesses({ arguments: [[mark(dataDirectory)]] });
  for (const pid of left) signalProcess(pid, 'SIGTERM');
  if (await waitUntilGone(left, 15_000)) return;
  for (const pid of left) signalProcess(pid, 'SIGKILL');
  await waitUntilGone(left, 5_000);
}

// The entry points take no arguments: this one only tells, in the process list, whose they are.
function mark(dataDirectory: string): string {
  return `--of=${dataDirectory}`;
}

function terminalLine(line: string): string | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as { level: number; msg?: string; err?: { message?: string } };
    if (level < warn) return undefined;
    return [msg, err?.message].filter(Boolean).join(': ');
  } catch {
    return line;
  }
}
