import type { Assignee, Lifecycle, Status, Urgency } from './incident.ts';
import type { Action, Agent, Channel, TransitionType } from './log-entry.ts';

/**
 * The incident as it stood right after one transition: what outgoing payloads render from, stored with the
 * transition and never changed. Times are ISO 8601 in UTC with milliseconds or microseconds.
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
    /** Absent in snapshots of earlier releases. */
    severity?: string | null;
    priority?: string | null;
    assignees: Assignee[];
    incidentKey: string | null;
    occurrences: number;
    createdAt: string;
    acknowledgedAt: string | null;
    resolvedAt: string | null;
    resolution: string | null;
    rootCause: string | null;
    pendingActions: Lifecycle['pendingActions'];
  };
  organisation: { id: string; name: string };
  team: { id: string; number: number; name: string };
  /** The ruleset that opened it, else its webhook, else its team. */
  service: { type: 'ruleset' | 'webhook' | 'team'; id: string; number: number; name: string };
  /** Null for an incident that no webhook brought. */
  webhook: { id: string; number: number; name: string; monitorUrl: string | null; monitorMethod: string | null } | null;
  check: CheckResult | null;
  transition: {
    id: string;
    type: TransitionType;
    at: string;
    agent: Agent;
    channel: Channel;
    /** What the log says of it. Absent in snapshots of earlier releases. */
    details?: Record<string, unknown>;
    action: Action | null;
  };
}

/** Values at the webhook's check paths in the opening event; null where the path led nowhere. */
export interface CheckResult {
  httpStatusCode: number | null;
  responseTimeMs: number | null;
  error: string | null;
  /** When the opening event was received. */
  checkedAt: string;
}
