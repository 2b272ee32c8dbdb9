import { afterAttempt, closedCircuit, type Circuit } from '../domain/webhook/circuit.ts';

export interface EndedAttempt {
  succeeded: boolean;
  /** It was sent after a pause, to see whether the endpoint is back. */
  isProbe: boolean;
  /** For how long the endpoint itself asked to be left alone; 0: it did not ask. */
  pauseMs: number;
}

/** The circuits of the endpoints of one pump. */
export interface Circuits {
  /** Milliseconds for which nothing is to be sent to the endpoint from now on; 0: nothing changes. Then call `stored`. */
  ended(endpointId: string, attempt: EndedAttempt): number;
  /** From now on, whoever takes deliveries knows of its pause. */
  stored(endpointId: string): void;
  /**
   * A delivery was taken by a look that began at `lookedAt`. If the pause was known by then it is over, since it ended or
   * somebody enabled the endpoint anew.
   */
  began(endpointId: string, lookedAt: number): void;
  /** Nothing is to be sent to it for now: what it answers to earlier attempts says nothing any more. */
  isOpen(endpointId: string): boolean;
}

interface State {
  circuit: Circuit;
  openUntil: number;
  /** Since when its pause is stored. */
  storedAt: number;
}

/** Endpoints that are remembered; of one that is forgotten, attempts are counted anew. */
const remembered = 1_000;

/** `now`: milliseconds of a clock that is never set. */
export function createCircuits(now: () => number = () => performance.now()): Circuits {
  /** In the order of their last attempt, oldest first. */
  const states = new Map<string, State>();

  const isOpen = (endpointId: string) => (states.get(endpointId)?.openUntil ?? 0) > now();

  return {
    isOpen,
    stored(endpointId) {
      const state = states.get(endpointId);
      if (state) state.storedAt = now();
    },
    began(endpointId, lookedAt) {
      const state = states.get(endpointId);
      if (state && state.storedAt <= lookedAt) state.openUntil = 0;
    },
    ended(endpointId, { succeeded, isProbe, pauseMs }) {
      const at = now();
      const before = states.get(endpointId) ?? { circuit: closedCircuit, openUntil: 0, storedAt: 0 };
      states.delete(endpointId);
      const isLate = before.openUntil > at;
      const { circuit, opensForMs } = isLate
        ? { circuit: before.circuit, opensForMs: 0 }
        : afterAttempt(before.circuit, { succeeded, isProbe, now: at });
      const pausedMs = Math.max(opensForMs, pauseMs);
      const opened = pausedMs > 0 ? { openUntil: Math.max(before.openUntil, at + pausedMs), storedAt: Infinity } : {};
      states.set(endpointId, { ...before, circuit, ...opened });
      if (states.size > remembered) states.delete(states.keys().next().value!);
      return pausedMs;
    },
  };
}
