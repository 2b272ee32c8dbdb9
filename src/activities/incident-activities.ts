import type { ErrorCode } from '../domain/error-code.ts';
import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import type { Assignee, Lifecycle } from '../domain/incident/incident.ts';
import type { Transition } from '../domain/incident/transition.ts';
import type { UrgencyChange } from '../domain/schedule/support-hours.ts';

/** What the read model holds that the workflow does not know of. */
export interface Ahead {
  /** The newest stored. */
  lifecycle: Lifecycle;
  /** Of the stored transitions from the first one in question on. */
  commandIds: string[];
  /** Of the row; null when nothing ever joined. */
  lastOccurrenceAt: string | null;
  /** The one in use; null without one. */
  escalationPolicy: PolicySnapshot | null;
  /** A command that the read model does not allow, and why; what came with it is asked anew. */
  refused?: { commandId: string; code: ErrorCode };
  /** Who is asked still, by what is stored from the first one in question on. Absent in answers of earlier releases. */
  asked?: StoredAsking[];
}

/** What is stored of a transition that asks people. */
export type StoredAsking = Pick<Transition, 'sequence' | 'type' | 'at' | 'details' | 'action'> & {
  assignees: Assignee[];
};

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

/** Asking people to look at an incident. */
export interface PagingActivities {
  /**
   * Finds out who the targets are at this moment and gives each of them the notifications that their rules ask for. A
   * repeat of the same page notifies nobody again. Nothing is done when the incident no longer needs anybody.
   */
  page(input: PageInput): Promise<PageResult>;
}

export interface PageInput {
  organisationId: string;
  incidentId: string;
  /** Of the transition that asks for it. */
  sequence: number;
  /** ISO 8601: who is on call at this moment. */
  at: string;
  /** `level`: a step of the policy. `alert`: by an action, whose outcome follows from it. */
  kind: 'level' | 'assignees' | 'responders' | 'alert';
  targets: Assignee[];
  /** The run of a `trigger-alerts`. */
  actionId: string | null;
}

export interface PageResult {
  /** Members that the targets stand for at this moment. */
  members: number;
  /** Of these, those who have a way to be reached. */
  reachable: number;
}

export interface SupportHoursActivities {
  /** The next changes of urgency after `after` (ISO 8601) by the support hours that the incident began with. */
  nextUrgencyChanges(input: { organisationId: string; incidentId: string; after: string }): Promise<UrgencyChange[]>;
}

/** Merging other incidents into one, when a signal asks for it. */
export interface MergeActivities {
  /**
   * Marks them as merged, gives their keys to the target, and tells each of their workflows: all of them, or none.
   * Repeats are harmless, and answer the same.
   */
  mergeIncidents(input: MergeInput): Promise<MergeResult>;
}

export interface MergeInput {
  organisationId: string;
  /** The target, and what people call it. */
  incidentId: string;
  reference: string;
  incidentIds: string[];
  /** Who the logs of the others name. */
  by: string;
}

export type MergeResult =
  /** What the target has to log: `id` is that of its transition. */
  | { merges: { id: string; incidentIds: string[] }[] }
  /** Why nothing was merged. */
  | { refused: string };

/** The pumps: each call works for up to a minute, then its workflow calls again. */
export interface PumpActivities {
  evaluateRulesets(shard: number): Promise<void>;
  deliverWebhooks(shard: number): Promise<void>;
}

export interface HousekeepingActivities {
  /** Starts workflows that never started, repeats what they were never told, forgets old idempotency keys. */
  keepHouse(): Promise<void>;
}
