import type { Action, Agent, Channel } from './log-entry.ts';

/** What an incident is while its workflow runs: plain JSON, times as ISO 8601 strings in UTC. */

export type Status = 'triggered' | 'acknowledged' | 'resolved';
export const urgencies = ['low', 'medium', 'high'] as const;
export type Urgency = (typeof urgencies)[number];

export const assigneeTypes = ['team', 'member', 'schedule'] as const;
/** A whole team, one member, or whoever a team's schedule has on call: a schedule bears its team's id. */
export interface Assignee {
  type: (typeof assigneeTypes)[number];
  id: string;
}

/** Both of the last two resolve the incident: at an age, and after a time without further occurrences. */
export const pendingActionTypes = ['unacknowledge', 'resolve', 'quiet_resolve'] as const;
export type PendingActionType = (typeof pendingActionTypes)[number];

/** A durable timer of the incident. `generation` counts how often this kind was armed, so each firing has its own id. */
export interface PendingAction {
  type: PendingActionType;
  at: string;
  generation: number;
}

/** The part of an incident that transitions change. Texts (description, root cause) are not part of it. */
export interface Lifecycle {
  status: Status;
  /** Once they were changed; until then the facts say them. */
  name?: string;
  urgency?: Urgency;
  assignees: Assignee[];
  acknowledgedAt: string | null;
  resolvedAt: string | null;
  pendingActions: PendingAction[];
  /** How often each kind of timer was armed so far. */
  generations: Partial<Record<PendingActionType, number>>;
  /** Transitions so far; orders every write to the read model. */
  sequence: number;
}

/** Facts fixed when the incident opens. Timeouts are seconds; null switches that timer off. */
export interface IncidentFacts {
  organisationId: string;
  incidentId: string;
  number: number;
  teamId: string;
  name: string;
  urgency: Urgency;
  createdAt: string;
  acknowledgementTimeout: number | null;
  autoResolveTimeout: number | null;
  /** Seconds without a further occurrence. Absent in states of earlier releases. */
  quietResolveTimeout?: number | null;
  openedBy: Agent;
  openedThrough: Channel;
  /** Run right after opening. */
  openingActions: Action[];
}

export interface IncidentState extends IncidentFacts {
  lifecycle: Lifecycle;
}

export function nameOf({ name, lifecycle }: IncidentState): string {
  return lifecycle.name ?? name;
}

export function urgencyOf({ urgency, lifecycle }: IncidentState): Urgency {
  return lifecycle.urgency ?? urgency;
}

/** PagerDuty's defaults (features reference §1.4): an acknowledgement holds 30 minutes, an incident 4 hours. */
export const defaultAcknowledgementTimeout = 1_800;
export const defaultAutoResolveTimeout = 14_400;
/** One year: the longest a timer may be set to. */
export const longestTimeout = 31_536_000;

export function incidentReference(number: number): string {
  return `INC-${number}`;
}
