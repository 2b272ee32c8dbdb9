import type { PolicySnapshot, Position } from '../escalation/policy.ts';
import type { UrgencyChange } from '../schedule/support-hours.ts';
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

/** `resolve` and `quiet_resolve` both resolve: at an age, and after a time without further occurrences. */
export const pendingActionTypes = ['escalate', 'unacknowledge', 'urgency_change', 'resolve', 'quiet_resolve'] as const;
export type PendingActionType = (typeof pendingActionTypes)[number];

/** A durable timer of the incident. `generation` counts how often this kind was armed, so each firing has its own id. */
export interface PendingAction {
  type: PendingActionType;
  at: string;
  generation: number;
  /** `urgency_change`: what the urgency becomes. */
  to?: Urgency;
}

export const responderReplies = ['accepted', 'declined'] as const;
export type ResponderReply = (typeof responderReplies)[number];

/** Somebody who was asked to help. */
export interface Responder {
  memberId: string;
  state: 'pending' | ResponderReply;
}

/** Where those who work on the incident talk. */
export interface ConferenceBridge {
  number: string | null;
  url: string | null;
}

/** Where an incident with an escalation policy stands in it. */
export interface Escalation extends Position {
  /** The last level of the last repeat was asked in vain. */
  exhausted: boolean;
}

/** The part of an incident that transitions change. Texts (description, root cause) are not part of it. */
export interface Lifecycle {
  status: Status;
  /** Once they were changed; until then the facts say them. */
  name?: string;
  urgency?: Urgency;
  /** Absent or null: no policy, or one that was left for people named by hand. */
  escalation?: Escalation | null;
  responders?: Responder[];
  conferenceBridge?: ConferenceBridge | null;
  /** Why it was resolved, when that was not by a command or timer of its own. */
  resolveReason?: 'merged' | null;
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
  /** The policy as it was when the incident was given it. Absent likewise. */
  escalationPolicy?: PolicySnapshot | null;
  /** What support hours still bring, soonest first. Absent without any; when few are left, the workflow asks for more. */
  urgencyChanges?: UrgencyChange[];
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
