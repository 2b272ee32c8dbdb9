import type { Transition } from '../domain/incident/transition.ts';

/** What the incident workflow asks of the outside. Types only: workflows see nothing else of this folder. */
export interface IncidentActivities {
  /** Stores transitions in order, each with its log entry, snapshot and deliveries; one stored before changes nothing. */
  recordTransitions(input: { organisationId: string; incidentId: string; transitions: Transition[] }): Promise<void>;
}

/** The pumps: each call works for up to a minute, then its workflow calls again. */
export interface PumpActivities {
  evaluateRulesets(shard: number): Promise<void>;
  deliverWebhooks(shard: number): Promise<void>;
}

export interface HousekeepingActivities {
  /** Starts workflows that never started, repeats what they were never told, forgets old idempotency keys. */
  keepHouse(): Promise<void>;
}
