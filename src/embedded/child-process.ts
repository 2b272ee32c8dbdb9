import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalProcess } from './processes.ts';

/** A process that was launched and may still be starting. */
export interface LaunchedProcess {
  pid: number;
  /** Resolves when it serves; rejects with the reason when it never will. */
  ready: Promise<void>;
  /** Resolves with how it ended, as in "ended with exit code 1". */
  ended: Promise<string>;
  signal(signal: NodeJS.Signals): void;
}

/**
 * Wraps a spawned child. `becomeReady` gets a signal that aborts when the child ends. Throws when it could not be
 * spawned at all.
 */
export async function watchChild(
  child: ChildProcess,
  becomeReady: (childEnded: AbortSignal) => Promise<void>,
): Promise<LaunchedProcess> {
  const exited = new AbortController();
  const ended = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => {
      exited.abort();
      resolve(code === null ? `was ended by ${signal}` : `ended with exit code ${code}`);
    }),
  );
  // Rejects with the error when spawning fails.
  await once(child, 'spawn');
  child.on('error', () => {});
  const pid = child.pid!;
  const ready = Promise.race([
    becomeReady(exited.signal),
    ended.then((how) => {
      throw new Error(`it ${how} before it was ready`);
    }),
  ]);
  ready.catch(() => {});
  return { pid, ready, ended, signal: (signal) => signalProcess(pid, signal) };
}

/** Calls `attempt` every 50 ms until it succeeds. Throws its last error after `milliseconds` or when `ended` aborts. */
export async function retryUntil(
  attempt: () => Promise<void>,
  milliseconds: number,
  ended: AbortSignal,
): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (ended.aborted || Date.now() >= end) throw error;
      await sleep(50);
    }
  }
}
