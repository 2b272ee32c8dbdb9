import type { Lifecycle } from '../domain/incident/incident.ts';
import type { Transition } from '../domain/incident/transition.ts';

/** What the read model holds that the workflow does not know of. */
export interface Ahead {
  /** The newest stored. */
  lifecycle: Lifecycle;
  /** Of the stored transitions from the first one in question on. */
  commandIds: string[];
}

/** What the incident workflow asks of the outside. Types only: workflows see nothing else of this folder. */
export interface IncidentActivities {
  /**
   * Stores transitions in order, each with its log entry, snapshot and deliveries; one stored before changes nothing.
   * Where another transition stands in the place of one, it and those after it are not stored, and the answer tells
   * what is; otherwise null.
   */
  recordTransitions(input: {
    organisationId: string;
    incidentId: string;
    transitions: Transition[];
  }): Promise<Ahead | null>;
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
