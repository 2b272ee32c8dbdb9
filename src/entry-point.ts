import { ConfigError } from './config.ts';

export interface RunningProcess {
  /** Settles when the process can no longer do its work; a rejection is the reason. */
  failed?: Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Runs a long-lived process: says `ready` to a parent that listens, stops cleanly on SIGTERM, SIGINT or when that
 * parent is gone, and exits 1 with a plain message when it can't run. A second signal ends it at once.
 */
export async function runEntryPoint(name: string, start: () => Promise<RunningProcess>): Promise<void> {
  let running: RunningProcess | undefined;
  let stopping = false;

  const stop = async () => {
    if (stopping) return;
    stopping = true;
    try {
      await running?.stop();
      process.exit(0);
    } catch (error) {
      fail(error);
    }
  };
  const onSignal = () => (stopping ? process.exit(1) : void stop());
  const fail = (error: unknown) => {
    const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${name}: ${text}\n`);
    process.exit(1);
  };

  process.on('SIGTERM', onSignal);
  // Ctrl-C reaches the whole foreground group; below a supervisor, that one decides who stops when.
  process.on('SIGINT', process.send ? () => {} : onSignal);
  process.on('disconnect', () => void stop());

  try {
    running = await start();
  } catch (error) {
    return fail(error);
  }
  running.failed?.catch(fail);
  process.send?.({ type: 'ready' });
}
