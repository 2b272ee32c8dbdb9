import assert from 'node:assert/strict';
import { together } from '../../src/activities/together.ts';
import type { PumpRound } from '../../src/activities/pump.ts';

const untilAborted: PumpRound = (_shard, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('activities/together', () => {
  it('runs rounds of the same shard side by side, until all are told to stop', async () => {
    const shards: number[] = [];
    const noting: PumpRound = (shard, ...rest) => {
      shards.push(shard);
      return untilAborted(shard, ...rest);
    };
    const stopping = new AbortController();
    const running = together(noting, noting)(3, stopping.signal, () => {});
    assert.deepEqual(shards, [3, 3]);
    stopping.abort();
    await running;
  });

  it('fails as soon as one does, stops the others without waiting, and beats no more', async () => {
    let stopped = false;
    let beat = () => {};
    const hanging: PumpRound = async (_shard, signal, heartbeat) => {
      beat = heartbeat;
      signal.addEventListener('abort', () => (stopped = true), { once: true });
      await new Promise(() => {});
    };
    let beats = 0;
    const failing: PumpRound = async (_shard, _signal, heartbeat) => {
      heartbeat();
      throw new Error('Postgres is gone');
    };
    await assert.rejects(
      together(hanging, failing)(0, new AbortController().signal, () => (beats += 1)),
      /Postgres is gone/,
    );
    assert.deepEqual([stopped, beats], [true, 1]);
    beat();
    assert.equal(beats, 1);
  });
});
