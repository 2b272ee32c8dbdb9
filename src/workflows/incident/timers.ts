import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { PendingAction } from '../../domain/incident/incident.ts';

/**
 * Keeps one durable timer for each pending action: those that are new are started, those that are gone cancelled.
 * A timer only wakes the workflow; what is due is read from the state.
 */
export function createTimers(wake: () => void): { follow(pendingActions: PendingAction[], now: number): void } {
  const running = new Map<string, CancellationScope>();

  return {
    follow(pendingActions, now) {
      const wanted = new Map(
        pendingActions.map((action) => [`${action.type}:${action.generation}:${action.at}`, action]),
      );
      for (const [key, scope] of running) {
        if (wanted.has(key)) continue;
        running.delete(key);
        scope.cancel();
      }
      for (const [key, action] of wanted) {
        if (running.has(key)) continue;
        const scope = new CancellationScope();
        running.set(key, scope);
        const milliseconds = Math.max(1, Date.parse(action.at) - now);
        scope
          .run(() => sleep(milliseconds, { summary: `${action.type} at ${action.at}` }))
          .then(wake, (error: unknown) => {
            if (!isCancellation(error)) throw error;
          });
      }
    },
  };
}
