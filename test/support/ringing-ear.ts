import type { Ear } from '../../src/stores/doorbell.ts';

/** For pumps that must not wait for their next look: whatever they do within a minute, they do at a ring. */
export function ringingEar(ear: Ear): Ear {
  return {
    ...ear,
    wait: (pump, shard, _milliseconds, signal) => ear.wait(pump, shard, 60_000, signal),
  };
}
