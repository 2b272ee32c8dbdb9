import type { IncidentState } from '../domain/incident/incident.ts';
import type { Action, Agent } from '../domain/incident/log-entry.ts';
import type { IncidentChanges } from '../domain/incident/transition.ts';

/** What people and programs may ask of an open incident. `id` makes a repeat harmless: the same id is done once. */
export type IncidentCommand = { id: string; agent: Agent } & (
  | { type: 'acknowledge' }
  | { type: 'escalate' }
  | { type: 'resolve'; resolution: string | null; rootCause: string | null }
  | { type: 'unacknowledge' }
  | { type: 'action'; action: ActionToRun }
  | ({ type: 'change' } & CompositeChange)
);

export type ActionToRun = Omit<Action, 'trigger'>;

/** Several things in one: all of them happen, or none. In this order. */
export interface CompositeChange {
  changes: IncidentChanges | null;
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
  cleared(incidentId: string, by: { eventId: string; ruleset: { id: string; name: string } }): Promise<boolean>;
  /**
   * Answers once all is stored. Throws `Refusal`: `incident_resolved`, `already_acknowledged`, `not_acknowledged`,
   * `not_confirmed` (no worker answered in 5 s; it may still apply), `unavailable` (Temporal is down).
   */
  command(organisationId: string, incidentId: string, command: IncidentCommand): Promise<void>;
}
