import { Context } from '@temporalio/activity';

/** One round of a pump: works until `signal` aborts or its minute is over; calls `heartbeat` about every second. */
export type PumpRound = (shard: number, signal: AbortSignal, heartbeat: () => void) => Promise<void>;

/**
 * A pump round as an activity. It ends early, and normally, when this worker drains (another one then takes the shard
 * over at once) or when Temporal cancels it.
 */
export function pumpActivity(round: PumpRound, draining: AbortSignal): (shard: number) => Promise<void> {
  return async (shard) => {
    const context = Context.current();
    const signal = AbortSignal.any([draining, context.cancellationSignal]);
    await round(shard, signal, () => context.heartbeat());
  };
}
