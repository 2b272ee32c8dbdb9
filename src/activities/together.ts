import type { PumpRound } from './pump.ts';

/**
 * Several rounds as one: it ends when all have, or as soon as one fails. The others are told to stop then and are not
 * waited for, since an endpoint that hangs would keep the next round from beginning.
 */
export function together(...rounds: PumpRound[]): PumpRound {
  return async (shard, signal, heartbeat) => {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    // Whoever still runs when this is over has nobody to beat for.
    let isOver = false;
    const beat = () => {
      if (!isOver) heartbeat();
    };
    try {
      await Promise.all(rounds.map((round) => round(shard, either, beat)));
    } finally {
      isOver = true;
      failed.abort();
    }
  };
}
