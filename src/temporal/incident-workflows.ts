import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import type { IncidentChanges } from '../domain/incident/command.ts';
import type { Assignee, IncidentState, PendingActionType, ResponderReply } from '../domain/incident/incident.ts';
import type { Action, Agent } from '../domain/incident/log-entry.ts';

/** What people and programs may ask of an incident. `id` makes a repeat harmless: the same id is done once. */
export type IncidentCommand = { id: string; agent: Agent } & (
  | { type: 'acknowledge' }
  | { type: 'unacknowledge' }
  /** Without a level: the next one. */
  | { type: 'escalate'; level?: number | null }
  | { type: 'reassign'; assignees: Assignee[] }
  | { type: 'delegate'; policy: PolicySnapshot }
  /** Seconds. */
  | { type: 'snooze'; duration: number }
  | { type: 'resolve'; resolution: string | null; rootCause: string | null }
  | { type: 'reopen' }
  | { type: 'note'; content: string }
  | { type: 'status_update'; message: string }
  | { type: 'conference_bridge'; number: string | null; url: string | null }
  | { type: 'priority'; priority: string | null }
  | { type: 'responder'; memberIds: string[]; message: string }
  | { type: 'responder_reply'; memberId: string; reply: ResponderReply }
  /** Null cancels it. */
  | { type: 'pending_action'; pendingAction: PendingActionType; at: string | null }
  /** To the incident that the others were merged into, and to each of the others. */
  | { type: 'merge'; incidentIds: string[] }
  | { type: 'merged'; into: string }
  | { type: 'action'; action: ActionToRun }
  | ({ type: 'change' } & CompositeChange)
);

/** Besides changes of its texts. */
const afterwards: ReadonlySet<IncidentCommand['type']> = new Set([
  'note',
  'status_update',
  'priority',
  'merge',
  'reopen',
]);

/**
 * True for what a resolved incident may take. Its workflow decides; this only saves starting one that has ended for the
 * sake of a refusal.
 */
export function mayFollowResolve(command: IncidentCommand): boolean {
  if (command.type !== 'change') return afterwards.has(command.type);
  const { changes, actions, status } = command;
  return actions.length === 0 && status === null && !changes?.urgency && !changes?.assignees;
}

export type ActionToRun = Omit<Action, 'trigger'>;

/** Several things in one: all of them happen, or none. In this order. */
export interface CompositeChange {
  changes: IncidentChanges | null;
  priority?: { to: string | null } | null;
  /** Those whose id the incident knows already are not run again. */
  actions: ActionToRun[];
  status: 'acknowledge' | 'unacknowledge' | 'resolve' | null;
}

/** The typed way to reach incident workflows. */
export interface IncidentWorkflows {
  /** Starts the workflow of a claimed incident row; harmless when it was started before. */
  start(state: IncidentState): Promise<void>;
  /** Tells the workflow how many occurrences its incident has had in all. */
  joined(incidentId: string, occurrences: { count: number; lastAt: string }): Promise<void>;
  /**
   * Tells the workflow that an occurrence cleared its problem. False: it does not run (not yet, or no more).
   * Repeats are harmless.
   */
  cleared(
    incidentId: string,
    cleared: { eventId: string; by: { type: 'ruleset' | 'webhook'; id: string; name: string } },
  ): Promise<boolean>;
  /** Tells the workflow that its sender says that somebody sees to the problem. As `cleared` otherwise. */
  acknowledged(
    incidentId: string,
    acknowledged: { eventId: string; webhook: { id: string; name: string } },
  ): Promise<boolean>;
  /**
   * Tells the workflow of an open incident that it was merged into another one, `since` then; starts it again when it
   * has ended. Repeats are harmless. Its log names `by`, in want of that `merge`: not the other one, which need not be for
   * the same eyes.
   */
  merged(
    organisationId: string,
    incidentId: string,
    into: { incidentId: string; since: string; by?: string },
  ): Promise<void>;
  /**
   * Answers once all is stored. A workflow that does not run is started from what is stored: it never began, the
   * incident is resolved, or an operator ended it. Throws `Refusal`: what `transition` says, `not_found`,
   * `not_confirmed` (no worker answered in 5 s; it may still apply), `unavailable` (Temporal is down).
   */
  command(organisationId: string, incidentId: string, command: IncidentCommand): Promise<void>;
}
