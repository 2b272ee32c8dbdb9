import { log, patched, setDefaultSignalHandler } from '@temporalio/workflow';

export interface EarlySignal {
  name: string;
  given: unknown;
}

/**
 * Takes the signals that came before any handler was set: with the start, or while an earlier run handed over. Handlers
 * that are set one after the other would get them sorted by name, an acknowledge before the resolve that it follows.
 */
export function takeEarlySignals(): EarlySignal[] {
  const early: EarlySignal[] = [];
  for (;;)
    try {
      setDefaultSignalHandler((name, given) => void early.push({ name, given }));
      setDefaultSignalHandler(undefined);
      return early;
    } catch (error) {
      // A name that Temporal keeps for itself. That signal is gone now; the others still wait.
      if (!(error instanceof TypeError)) throw error;
      log.warn('dropped a signal of a reserved name');
    }
}

/** Those that anybody hears, as they came. Runs of earlier releases heard them in the order of `names`. */
export function inOrder(early: EarlySignal[], names: string[]): EarlySignal[] {
  const heard = early.filter(({ name }) => names.includes(name));
  const isMixed = heard.some(({ name }) => name !== heard[0]!.name);
  if (!isMixed || patched('hears-signals-in-order')) return heard;
  return heard.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
}
