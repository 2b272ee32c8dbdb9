import type { Status } from '../incident/incident.ts';
import type { TransitionType } from '../incident/log-entry.ts';

/** Why somebody is told: a level of the policy, an assignment, a request for help, or an action. */
export const notificationReasons = ['level', 'assignees', 'responders', 'alert'] as const;
export type NotificationReason = (typeof notificationReasons)[number];

/**
 * What ends the asking of those who were asked before it. An escalation ends only what had not come due by then: who
 * should have been told before the next level was asked is told late, as after an outage, rather than never.
 */
export const quietingTypes = [
  'acknowledged',
  'snoozed',
  'reassigned',
  'delegated',
  'resolved',
] as const satisfies readonly TransitionType[];

/**
 * Whether an incident still wants those people whom an earlier transition asked for this reason. `isQuieted`: one of
 * `quietingTypes` came after it, or an escalation before it was due. What is acknowledged needs nobody to take it on, but may still need help.
 */
export function stillAsks(reason: NotificationReason, status: Status, isQuieted: boolean): boolean {
  if (status === 'resolved') return false;
  return reason === 'responders' || (status === 'triggered' && !isQuieted);
}
