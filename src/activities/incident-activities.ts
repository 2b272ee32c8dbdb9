import type { Lifecycle } from '../domain/incident/incident.ts';
import type { Transition } from '../domain/incident/transition.ts';

/** What the read model holds that the workflow does not know of. */
export interface Ahead {
  /** The newest stored. */
  lifecycle: Lifecycle;
  /** Of the stored transitions from the first one in question on. */
  commandIds: string[];
  /** Of the row; null when nothing ever joined. */
  lastOccurrenceAt: string | null;
}

/** What the incident workflow asks of the outside. Types only: workflows see nothing else of this folder. */
export interface IncidentActivities {
  /**
   * Stores transitions in order, each with its log entry, snapshot and deliveries; one stored before changes nothing.
   * Where another transition stands in the place of one, it and those after it are not stored, and the answer tells
   * what is; otherwise null. A resolve for want of occurrences is not stored when one came after all: `Ahead` says so.
   */
  recordTransitions(input: {
    organisationId: string;
    incidentId: string;
    transitions: Transition[];
  }): Promise<Ahead | null>;
}

/** Carrying out what was recorded as an action's run. Both may be called again at any time: a stored outcome stands. */
export interface ActionActivities {
  /**
   * Carries out one run and stores its outcome: succeeded, or failed for good. Throws when trying again may help; the
   * workflow then calls it again, and `giveUpAction` in the end. Returns at once when there is nothing (more) to do.
   */
  runAction(input: ActionRunInput): Promise<void>;
  /** Stores that a run failed, with the error of its last attempt or else `message`, when it has no outcome yet. */
  giveUpAction(input: ActionRunInput & { message: string }): Promise<void>;
}

/** `actionId` is the run's id: `Action.id`. */
export interface ActionRunInput {
  organisationId: string;
  incidentId: string;
  actionId: string;
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
