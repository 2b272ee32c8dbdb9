import type { Occurrences } from '../stores/claims.ts';

/** Holds back what workflows are told of further occurrences: a storm must not fill their histories. */
export interface JoinNotices {
  add(joined: Occurrences[]): void;
  /** Takes those whose last notice is long enough ago, or all. */
  take(all?: boolean): Occurrences[];
}

/** The first occurrence that joins an incident is told at once, later ones together, every `intervalMs`. */
export function createJoinNotices(intervalMs: number, now: () => number): JoinNotices {
  const waiting = new Map<string, Occurrences>();
  const lastTaken = new Map<string, number>();

  return {
    add(joined) {
      for (const occurrences of joined) {
        // The workflow is told when it has been started.
        if (!occurrences.workflowStarted) continue;
        const known = waiting.get(occurrences.incidentId);
        if (!known || known.count < occurrences.count) waiting.set(occurrences.incidentId, occurrences);
      }
    },

    take(all = false) {
      const at = now();
      for (const [incidentId, takenAt] of lastTaken) if (at - takenAt >= intervalMs) lastTaken.delete(incidentId);
      const due = [...waiting.values()].filter(({ incidentId }) => all || !lastTaken.has(incidentId));
      for (const { incidentId } of due) {
        waiting.delete(incidentId);
        lastTaken.set(incidentId, at);
      }
      return due;
    },
  };
}
