import { delayAt, nextPosition, type PolicySnapshot, type Position, targetsAt } from '../escalation/policy.ts';
import type { Assignee, Lifecycle } from './incident.ts';
import { arm, disarm } from './pending-action.ts';

/** What the incident goes back to when somebody has to be asked (again). */
export function backToTriggered(lifecycle: Lifecycle): Lifecycle {
  return { ...disarm(lifecycle, 'unacknowledge'), status: 'triggered', acknowledgedAt: null };
}

/** Asks a level of the policy, and sets the timer for when it does not answer. */
export function enterLevel(lifecycle: Lifecycle, policy: PolicySnapshot, position: Position, at: string): Lifecycle {
  const asked: Lifecycle = {
    ...backToTriggered(lifecycle),
    assignees: targetsAt(policy, position),
    escalation: { ...position, exhausted: false },
  };
  return arm(asked, 'escalate', delayAt(policy, position), at);
}

/** The level that was asked last is asked again, as when an acknowledgement lapses. */
export function askAgain(lifecycle: Lifecycle, policy: PolicySnapshot | null | undefined, at: string): Lifecycle {
  const triggered = backToTriggered(lifecycle);
  const { escalation } = lifecycle;
  return policy && escalation ? enterLevel(triggered, policy, escalation, at) : triggered;
}

/** People named by hand take over: the policy asks nobody any more. */
export function leavePolicy(lifecycle: Lifecycle, assignees: Assignee[]): Lifecycle {
  return { ...disarm(backToTriggered(lifecycle), 'escalate'), assignees, escalation: null };
}

/** Where escalating leads from here; null: nowhere. */
export function positionAfter(
  lifecycle: Lifecycle,
  policy: PolicySnapshot,
  level: number | null | undefined,
): Position | null {
  const { escalation } = lifecycle;
  if (typeof level === 'number')
    return level >= 1 && level <= policy.levels.length ? { level, cycle: escalation?.cycle ?? 0 } : null;
  if (!escalation) return policy.levels.length > 0 ? { level: 1, cycle: 0 } : null;
  return nextPosition(policy, escalation);
}
