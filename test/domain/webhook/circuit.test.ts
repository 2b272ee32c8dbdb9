import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterAttempt, type Circuit, closedCircuit, openMs, windowMs } from '../../../src/domain/webhook/circuit.ts';

/** Feeds outcomes in, `everyMs` apart; answers the circuit, and after which of them it opened (counted from 1). */
function feed(outcomes: boolean[], everyMs = 1_000, from: Circuit = closedCircuit) {
  let circuit = from;
  for (const [index, succeeded] of outcomes.entries()) {
    const next = afterAttempt(circuit, { succeeded, isProbe: false, now: index * everyMs });
    if (next.opensForMs > 0) return { circuit: next.circuit, openedAfter: index + 1 };
    circuit = next.circuit;
  }
  return { circuit, openedAfter: null };
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('domain/webhook/circuit', () => {
  it('opens at the tenth failure, not before', () => {
    assert.equal(feed(times(9, false)).openedAfter, null);
    assert.equal(feed(times(20, false)).openedAfter, 10);
    const { circuit } = feed(times(9, false));
    assert.equal(afterAttempt(circuit, { succeeded: false, isProbe: false, now: 10_000 }).opensForMs, openMs);
    assert.equal(openMs, 30_000);
  });

  it('opens at seven failures of ten, and at six it does not', () => {
    assert.equal(feed([...times(3, true), ...times(7, false)]).openedAfter, 10);
    assert.equal(feed([...times(4, true), ...times(6, false)]).openedAfter, null);
  });

  it('never opens for an endpoint that fails half of the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 60_000 }), (pairs, everyMs) => {
        return feed(times(pairs, [true, false]).flat(), everyMs).openedAfter === null;
      }),
    );
  });

  it('forgets what is older than its window', () => {
    assert.equal(feed(times(50, false), windowMs / 9).openedAfter, null);
    assert.equal(feed(times(50, false), windowMs / 12).openedAfter, 10);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 9 }), fc.integer({ min: 0, max: 1e6 }), (outcomes, more) => {
        const { circuit } = feed(outcomes, 100);
        const later = afterAttempt(circuit, { succeeded: false, isProbe: false, now: 1_000 + windowMs + more });
        return later.circuit.slices.reduce((sum, { failed, succeeded }) => sum + failed + succeeded, 0) === 1;
      }),
    );
  });

  it('is decided by the probe alone', () => {
    const { circuit } = feed(times(9, false));
    assert.deepEqual(afterAttempt(circuit, { succeeded: true, isProbe: true, now: 0 }), {
      circuit: closedCircuit,
      opensForMs: 0,
    });
    assert.equal(afterAttempt(closedCircuit, { succeeded: false, isProbe: true, now: 0 }).opensForMs, openMs);
  });

  it('never opens by a success, nor with fewer than ten attempts in its window', () => {
    const step = fc.record({ succeeded: fc.boolean(), waitMs: fc.integer({ min: 0, max: 120_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let [circuit, now] = [closedCircuit, 0];
        let ends: number[] = [];
        for (const { succeeded, waitMs } of steps) {
          now += waitMs;
          ends.push(now);
          const next = afterAttempt(circuit, { succeeded, isProbe: false, now });
          if (next.opensForMs > 0) {
            assert.equal(succeeded, false);
            assert.ok(ends.filter((at) => at > now - windowMs).length >= 10);
            ends = [];
          }
          circuit = next.circuit;
          assert.ok(circuit.slices.length <= 10);
        }
      }),
    );
  });
});
