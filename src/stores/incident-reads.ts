import type { Assignee, PendingAction, Status, Urgency } from '../domain/incident/incident.ts';
import type { Agent, Channel, TransitionType } from '../domain/incident/log-entry.ts';
import type { Sql } from './sql.ts';

/** An incident as its workflow last recorded it. */
export interface IncidentRead {
  id: string;
  number: number;
  name: string;
  description: string;
  status: Status;
  urgency: Urgency;
  teamId: string;
  rulesetId: string | null;
  webhookId: string | null;
  incidentKey: string | null;
  occurrences: number;
  createdAt: string;
  acknowledgedAt: string | null;
  resolvedAt: string | null;
  resolution: string | null;
  rootCause: string | null;
  assignees: Assignee[];
  pendingActions: PendingAction[];
  acknowledgementTimeout: number | null;
  autoResolveTimeout: number | null;
}

export interface LogEntryRead {
  sequence: number;
  index: number;
  type: TransitionType;
  at: string;
  agent: Agent;
  channel: Channel;
  details: Record<string, unknown>;
}

export interface ActionRead {
  id: string;
  sequence: number;
  type: string;
  trigger: 'manual' | 'automated';
  settings: Record<string, unknown>;
  at: string;
}

export interface IncidentFilter {
  teamId?: string | undefined;
  statuses?: Status[] | undefined;
  urgencies?: Urgency[] | undefined;
}

export interface IncidentReads {
  get(organisationId: string, id: string): Promise<IncidentRead | undefined>;
  /** By number; `after` is the number of the last one seen. */
  list(
    organisationId: string,
    filter: IncidentFilter,
    page: { limit: number; descending: boolean; after?: number | undefined },
  ): Promise<IncidentRead[]>;
  /** Oldest first; `after` is the place of the last one seen. */
  log(
    organisationId: string,
    incidentId: string,
    page: { limit: number; after?: { sequence: number; index: number } | undefined },
  ): Promise<LogEntryRead[]>;
  /** Oldest first; `after` is the sequence of the last one seen. */
  actions(
    organisationId: string,
    incidentId: string,
    page: { limit: number; after?: number | undefined },
  ): Promise<ActionRead[]>;
  /** Whether the command with this id has been carried out. */
  isRecorded(organisationId: string, incidentId: string, transitionId: string): Promise<boolean>;
}

export function createIncidentReads(sql: Sql): IncidentReads {
  const columns = sql`
    id, number, name, description, status, urgency, team_id, ruleset_id, webhook_id, incident_key, occurrences,
    created_at, acknowledged_at, resolved_at, resolution, root_cause,
    lifecycle->'assignees' AS assignees, lifecycle->'pendingActions' AS pending_actions,
    opening->'acknowledgementTimeout' AS acknowledgement_timeout, opening->'autoResolveTimeout' AS auto_resolve_timeout`;

  return {
    async get(organisationId, id) {
      const [row] = await sql<IncidentRead[]>`
        SELECT ${columns} FROM incidents WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },

    list: (organisationId, { teamId, statuses, urgencies }, { limit, descending, after }) => sql<IncidentRead[]>`
      SELECT ${columns} FROM incidents
      WHERE organisation_id = ${organisationId}
        ${teamId === undefined ? sql`` : sql`AND team_id = ${teamId}`}
        ${statuses === undefined ? sql`` : sql`AND status = ANY(${statuses})`}
        ${urgencies === undefined ? sql`` : sql`AND urgency = ANY(${urgencies})`}
        ${after === undefined ? sql`` : descending ? sql`AND number < ${after}` : sql`AND number > ${after}`}
      ORDER BY number ${descending ? sql`DESC` : sql``} LIMIT ${limit}`,

    log: (organisationId, incidentId, { limit, after }) => sql<LogEntryRead[]>`
      SELECT sequence, index, type, at, agent, channel, details FROM log_entries
      WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId}
        ${after === undefined ? sql`` : sql`AND (sequence, index) > (${after.sequence}, ${after.index})`}
      ORDER BY sequence, index LIMIT ${limit}`,

    actions: (organisationId, incidentId, { limit, after = -1 }) => sql<ActionRead[]>`
      SELECT id, sequence, type, trigger, settings, at FROM actions
      WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND sequence > ${after}
      ORDER BY sequence LIMIT ${limit}`,

    async isRecorded(organisationId, incidentId, transitionId) {
      const rows = await sql`
        SELECT 1 FROM transitions
        WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND id = ${transitionId}`;
      return rows.length > 0;
    },
  };
}
