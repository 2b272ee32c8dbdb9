import type { Logger } from '../logger.ts';
import type { PumpRound } from './pump.ts';

export interface HousekeepingDeps {
  /** Each repairs at most some rows and answers how many. */
  chores: { name: string; everyMs: number; run: () => Promise<number> }[];
  logger: Logger;
  now?: () => number;
}

const roundMs = 60_000;
const tickMs = 1_000;

/** Runs each chore at its interval for a minute. A chore that fails is logged and tried again at its next turn. */
export function createKeepHouse({ chores, logger, now = Date.now }: HousekeepingDeps): PumpRound {
  return async (_shard, signal, heartbeat) => {
    const due = new Map(chores.map((chore) => [chore.name, 0]));
    heartbeat();
    // Also while a chore takes long: mail does.
    const beating = setInterval(heartbeat, tickMs);
    try {
      for (const end = now() + roundMs; now() < end && !signal.aborted;) {
        for (const chore of chores) {
          if ((due.get(chore.name) ?? 0) > now()) continue;
          due.set(chore.name, now() + chore.everyMs);
          try {
            const repaired = await chore.run();
            if (repaired > 0) logger.info({ chore: chore.name, repaired }, 'repaired');
          } catch (error) {
            logger.warn({ err: error, chore: chore.name }, 'a chore failed; it is tried again');
          }
        }
        await pause(tickMs, signal);
      }
    } finally {
      clearInterval(beating);
    }
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
