import type { SupportHours } from '../schedule/support-hours.ts';
import type { Assignee, ConferenceBridge, Lifecycle, Responder, Status, Urgency } from './incident.ts';
import type { Action, Agent, Channel, TransitionType } from './log-entry.ts';
import type { Trail } from './trail.ts';

/**
 * The incident as it stood right after one transition: what outgoing payloads render from, stored with the
 * transition and never changed. Times are ISO 8601 in UTC with milliseconds or microseconds. Optional parts are absent
 * in snapshots of earlier releases.
 */
export interface IncidentSnapshot {
  incident: {
    id: string;
    /** Counted per organisation; the integer id of dialects that want one. */
    number: number;
    name: string;
    description: string;
    status: Status;
    urgency: Urgency;
    severity?: string | null;
    priority?: string | null;
    visibility?: Visibility;
    assignees: Assignee[];
    /** Whom `assignees` stand for at that moment, as ids into `people`; the first few of many. */
    assigned?: string[];
    incidentKey: string | null;
    /** The event that opened it; null when none did. */
    eventId?: string | null;
    occurrences: number;
    createdAt: string;
    acknowledgedAt: string | null;
    resolvedAt: string | null;
    resolution: string | null;
    rootCause: string | null;
    pendingActions: Lifecycle['pendingActions'];
    escalationPolicy?: SnapshotPolicy | null;
    escalation?: Lifecycle['escalation'];
    responders?: Responder[];
    conferenceBridge?: ConferenceBridge | null;
    /** Where it was merged into; null: it was not. */
    mergedInto?: { id: string; number: number; name: string } | null;
    acknowledgementTimeout?: number | null;
    trail?: Trail;
    /** The key that reported it. */
    apiKey?: { id: string; name: string } | null;
    mode?: 'standard' | 'retrospective' | 'test' | 'tutorial';
    incidentStatus?: SnapshotStatus | null;
    /** What `severity` names, where the organisation has such a one. */
    rankedSeverity?: SnapshotSeverity | null;
    incidentType?: SnapshotType | null;
    /** Those that have a value. */
    customFields?: SnapshotCustomField[];
    roleAssignments?: SnapshotRoleAssignment[];
    /** Time by name: those that were set by hand. */
    timestamps?: Record<string, string>;
  };
  organisation: { id: string; name: string };
  team: SnapshotTeam;
  /** The ruleset that opened it, else its webhook, else its team. */
  service: SnapshotService;
  /** Null for an incident that no webhook brought. */
  webhook: { id: string; number: number; name: string; monitorUrl: string | null; monitorMethod: string | null } | null;
  check: CheckResult | null;
  /** Everybody whom the snapshot names: assigned, responding, acting. */
  people?: Person[];
  /** How many of our own requests lie behind its opening event. */
  hops?: number;
  transition: {
    id: string;
    type: TransitionType;
    /** Counts the incident's transitions from 1. */
    sequence?: number;
    at: string;
    agent: Agent;
    channel: Channel;
    /** What the log says of it. */
    details?: Record<string, unknown>;
    action: Action | null;
    /** Null: it had none, since this opened it. */
    previousStatus?: Status | null;
    previousIncidentStatus?: SnapshotStatus | null;
  };
}

/** When it was made and last changed. */
interface Dated {
  createdAt: string;
  updatedAt: string;
}

/** One of the organisation's own statuses (domain/incident/status-category.ts). */
export interface SnapshotStatus extends Dated {
  id: string;
  name: string;
  category: string;
  description: string;
  rank: number;
}

export interface SnapshotSeverity extends Dated {
  id: string;
  name: string;
  description: string;
  /** The higher, the more severe. */
  rank: number;
  /** Its place among the `levels` that the organisation has, from 1, the least severe. */
  level: number;
  levels: number;
}

export interface SnapshotType extends Dated {
  id: string;
  name: string;
  description: string;
  isDefault: boolean;
  privateIncidentsOnly: boolean;
  createInTriage: string;
}

export interface SnapshotCustomField {
  id: string;
  name: string;
  description: string;
  fieldType: 'single_select' | 'multi_select' | 'text' | 'link' | 'numeric';
  /** Texts, or the options that were chosen. */
  values: string[] | { id: string; value: string; sortKey: number }[];
}

export interface SnapshotRoleAssignment extends Dated {
  memberId: string;
  /** Of the role, as what follows. */
  id: string;
  name: string;
  description: string;
  instructions: string;
  shortform: string;
  roleType: 'lead' | 'reporter' | 'custom';
  required: boolean;
}

export const visibilities = ['public', 'private'] as const;
/** `private`: told only to subscriptions that include private incidents. */
export type Visibility = (typeof visibilities)[number];

export interface SnapshotTeam {
  id: string;
  number: number;
  name: string;
}

export const serviceTypes = ['ruleset', 'webhook', 'team'] as const;
export type ServiceType = (typeof serviceTypes)[number];

export interface SnapshotService {
  type: ServiceType;
  id: string;
  number: number;
  name: string;
  description?: string;
  createdAt?: string;
  /** What new incidents of it begin with. Seconds; null switches the timer off. */
  acknowledgementTimeout?: number | null;
  autoResolveTimeout?: number | null;
  urgency?: Urgency | null;
  supportHours?: SupportHours | null;
  escalationPolicy?: SnapshotPolicy | null;
  /** `triggered`: some open incident of it waits for an answer. `acknowledged`: there are some, all answered. */
  status?: 'triggered' | 'acknowledged' | 'resolved';
  /** When its newest incident was created; null: it has none. */
  lastIncidentAt?: string | null;
}

export interface SnapshotPolicy {
  id: string;
  name: string;
}

export interface Person {
  id: string;
  teamId?: string;
  name: string;
  email: string;
}

/** Values at the webhook's check paths in the opening event; null where the path led nowhere. */
export interface CheckResult {
  httpStatusCode: number | null;
  responseTimeMs: number | null;
  error: string | null;
  /** When the opening event was received. */
  checkedAt: string;
}
