import type { IncidentState } from '../domain/incident/incident.ts';
import type { ActionType, Agent } from '../domain/incident/log-entry.ts';

/** What people and programs may ask of an open incident. `id` makes a repeat harmless: the same id is done once. */
export type IncidentCommand = { id: string; agent: Agent } & (
  | { type: 'acknowledge' }
  | { type: 'escalate' }
  | { type: 'resolve'; resolution: string | null; rootCause: string | null }
  | { type: 'action'; action: { id: string; type: ActionType; subscriptionId: string | null } }
);

/** The typed way to reach incident workflows. */
export interface IncidentWorkflows {
  /** Starts the workflow of a claimed incident row; harmless when it was started before. */
  start(state: IncidentState): Promise<void>;
  /** Tells the workflow how many occurrences its incident has had in all. */
  joined(incidentId: string, occurrences: { count: number; lastAt: string }): Promise<void>;
  /**
   * Answers once the transition is stored. Throws `Refusal`: `incident_resolved`, `already_acknowledged`,
   * `not_confirmed` (no worker answered in 5 s; it may still apply), `unavailable` (Temporal is down).
   */
  command(organisationId: string, incidentId: string, command: IncidentCommand): Promise<void>;
}
