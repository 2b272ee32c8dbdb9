import type { Lifecycle, PendingActionType } from '../../domain/incident/incident.ts';
import { wholeSeconds } from './times.ts';
import { urgencyName } from './urgency.ts';

/** PagerDuty's names: an incident that resolves for want of occurrences just resolves. */
const names: Record<PendingActionType, 'escalate' | 'unacknowledge' | 'resolve' | 'urgency_change'> = {
  escalate: 'escalate',
  unacknowledge: 'unacknowledge',
  resolve: 'resolve',
  quiet_resolve: 'resolve',
  urgency_change: 'urgency_change',
};

export interface ShownPendingAction {
  type: (typeof names)[PendingActionType];
  at: string;
  to?: 'high' | 'low';
}

/** By time due, of each name the first alone: PagerDuty has one timer of a kind. */
export function pendingActions(pending: Lifecycle['pendingActions']): ShownPendingAction[] {
  const shown = new Map<string, ShownPendingAction>();
  for (const { type, at, to } of pending) {
    const name = names[type];
    if (!shown.has(name))
      shown.set(name, { type: name, at: wholeSeconds(at), ...(to === undefined ? {} : { to: urgencyName(to) }) });
  }
  return [...shown.values()];
}
