import type {
  Assignee,
  ConferenceBridge,
  Escalation,
  PendingAction,
  Responder,
  Status,
  Urgency,
} from '../domain/incident/incident.ts';
import type { ActionSettings } from '../domain/action/action-draft.ts';
import type { Viewer } from '../domain/access/viewer.ts';
import type { ActionType, Agent, Channel, LogEntryType } from '../domain/incident/log-entry.ts';
import type { IncidentSnapshot, Visibility } from '../domain/incident/snapshot.ts';
import type { WorkflowEnd } from './ended-workflows.ts';
import { onlyVisible, otherIncidents } from './other-incidents.ts';
import type { Sql } from './sql.ts';
import { isVisibleTo, visibleAmong } from './visibility.ts';

/** An incident as its workflow last recorded it. */
export interface IncidentRead {
  id: string;
  number: number;
  name: string;
  description: string;
  status: Status;
  urgency: Urgency;
  severity: string | null;
  priority: string | null;
  visibility: Visibility;
  teamId: string;
  rulesetId: string | null;
  /** The ruleset's when it opened the incident. */
  rulesetVersion: number | null;
  webhookId: string | null;
  incidentKey: string | null;
  occurrences: number;
  lastOccurrenceAt: string | null;
  createdAt: string;
  acknowledgedAt: string | null;
  resolvedAt: string | null;
  resolution: string | null;
  rootCause: string | null;
  assignees: Assignee[];
  pendingActions: PendingAction[];
  acknowledgementTimeout: number | null;
  autoResolveTimeout: number | null;
  quietResolve: number | null;
  /** Where it stands in its policy, as that was when it was given; null: it has none, or left it. */
  escalation: (Escalation & { policyId: string; policyName: string; policyVersion: number }) | null;
  responders: Responder[];
  conferenceBridge: ConferenceBridge | null;
  /** Also while its workflow has yet to resolve it. */
  mergedInto: string | null;
  resolveReason: 'merged' | null;
  /** Both null while its workflow runs, and once the incident is resolved. */
  workflowEnd: WorkflowEnd | null;
  workflowEndedAt: string | null;
}

/** How the workflow of an open incident may have ended by hand or by accident. */
export const workflowEnds = ['terminated', 'cancelled', 'failed', 'timed_out'] as const satisfies WorkflowEnd[];

export interface LogEntryRead {
  sequence: number;
  index: number;
  type: LogEntryType;
  at: string;
  agent: Agent;
  channel: Channel;
  details: Record<string, unknown>;
}

/** A run, with what came of it: that of a subscription is what came of its delivery. */
export interface ActionRead {
  id: string;
  sequence: number;
  /** The action whose run this is; null for one without settings of its own. */
  actionId: string | null;
  type: ActionType;
  trigger: 'manual' | 'automated';
  settings: ActionSettings[];
  at: string;
  service: IncidentSnapshot['service'];
  teamId: string;
  agent: Agent;
  outcome: 'succeeded' | 'failed' | null;
  errorCode: string | null;
  error: string | null;
  attempts: number;
  statusCode: number | null;
  finishedAt: string | null;
}

export interface IncidentFilter {
  /** Those it owns and those assigned to it or to its schedule. */
  teamId?: string | undefined;
  statuses?: Status[] | undefined;
  urgencies?: Urgency[] | undefined;
  visibilities?: Visibility[] | undefined;
  /** Created at or after this, and before that. */
  since?: string | undefined;
  until?: string | undefined;
  /** Part of the name or the description, in whatever case. */
  text?: string | undefined;
}

/**
 * What a viewer may not see is not there: neither the incident itself, nor that another one was merged with it. Of an
 * incident's log and actions whoever may see it reads.
 */
export interface IncidentReads {
  get(organisationId: string, id: string, viewer: Viewer): Promise<IncidentRead | undefined>;
  /** By number; `after` is the number of the last one seen. */
  list(
    organisationId: string,
    filter: IncidentFilter,
    page: { limit: number; descending: boolean; after?: number | undefined },
    viewer: Viewer,
  ): Promise<IncidentRead[]>;
  /** Oldest first; `after` is the place of the last one seen. */
  log(
    organisationId: string,
    incidentId: string,
    page: { limit: number; after?: { sequence: number; index: number } | undefined },
    viewer: Viewer,
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
  const columnsFor = (viewer: Viewer) => sql`
    id, number, name, description, status, urgency, severity, priority, visibility, team_id, ruleset_id, ruleset_version,
    webhook_id, incident_key, occurrences, last_occurrence_at, quiet_resolve, created_at, acknowledged_at, resolved_at, resolution, root_cause,
    lifecycle->'assignees' AS assignees, lifecycle->'pendingActions' AS pending_actions,
    opening->'acknowledgementTimeout' AS acknowledgement_timeout, opening->'autoResolveTimeout' AS auto_resolve_timeout,
    CASE WHEN escalation_policy IS NOT NULL AND jsonb_typeof(lifecycle->'escalation') = 'object' THEN
      lifecycle->'escalation' || jsonb_build_object(
        'policyId', escalation_policy->'id', 'policyName', escalation_policy->'name',
        'policyVersion', escalation_policy->'version') END AS escalation,
    coalesce(lifecycle->'responders', '[]') AS responders, coalesce(conference_bridge, lifecycle->'conferenceBridge') AS conference_bridge,
    CASE WHEN ${viewer.seesPrivate} OR merging_into IS NULL THEN merging_into ELSE (
      SELECT target.id FROM incidents target
      WHERE target.organisation_id = incidents.organisation_id AND target.id = incidents.merging_into
        AND ${isVisibleTo(sql, viewer, 'target')}) END AS merged_into, lifecycle->>'resolveReason' AS resolve_reason, workflow_end, workflow_ended_at`;

  return {
    async get(organisationId, id, viewer) {
      const [row] = await sql<IncidentRead[]>`
        SELECT ${columnsFor(viewer)} FROM incidents
        WHERE organisation_id = ${organisationId} AND id = ${id} AND ${isVisibleTo(sql, viewer, 'incidents')}`;
      return row;
    },

    async list(organisationId, { teamId, ...filter }, { limit, descending, after }, viewer) {
      const columns = columnsFor(viewer);
      const wanted = sql`
        organisation_id = ${organisationId} ${conditions(filter)} AND ${isVisibleTo(sql, viewer, 'incidents')}
        ${after === undefined ? sql`` : descending ? sql`AND number < ${after}` : sql`AND number > ${after}`}`;
      const inOrder = sql`ORDER BY number ${descending ? sql`DESC` : sql``} LIMIT ${limit}`;
      if (teamId === undefined)
        return [...(await sql<IncidentRead[]>`SELECT ${columns} FROM incidents WHERE ${wanted} ${inOrder}`)];

      // Each half by its own index: an OR of the two would read every incident of the organisation.
      const assigned = sql`
        (jsonb_path_query_array(lifecycle, '$.assignees[*] ? (@.type == "team" || @.type == "schedule").id') - team_id::text)`;
      const rows = await sql<IncidentRead[]>`
        WITH elsewhere AS MATERIALIZED (
          SELECT id, number FROM incidents WHERE ${wanted} AND ${assigned} <> '[]' AND ${assigned} ? ${teamId}::text
        ), own AS (
          SELECT id, number FROM incidents WHERE ${wanted} AND team_id = ${teamId} ${inOrder}
        ), found AS (
          SELECT id FROM (SELECT * FROM own UNION SELECT * FROM elsewhere) AS both_halves ${inOrder}
        )
        SELECT ${columns} FROM incidents WHERE organisation_id = ${organisationId} AND id IN (SELECT id FROM found)
        ORDER BY number ${descending ? sql`DESC` : sql``}`;
      return [...rows];
    },

    async log(organisationId, incidentId, { limit, after }, viewer) {
      const rows = await sql<LogEntryRead[]>`
        SELECT sequence, index, type, at, agent, channel, details FROM log_entries
        WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId}
          ${after === undefined ? sql`` : sql`AND (sequence, index) > (${after.sequence}, ${after.index})`}
        ORDER BY sequence, index LIMIT ${limit}`;
      if (viewer.seesPrivate) return [...rows];
      const others = rows.flatMap(({ details }) => otherIncidents(details));
      const visible = await visibleAmong(sql, organisationId, viewer, others);
      return rows.map((row) => ({ ...row, details: onlyVisible(row.details, visible) }));
    },

    actions: (organisationId, incidentId, { limit, after = -1 }) => sql<ActionRead[]>`
      SELECT a.id, a.sequence, d.action_id, a.type, a.trigger, a.settings, a.at, t.snapshot->'service' AS service,
        t.snapshot->'team'->>'id' AS team_id, t.snapshot->'transition'->'agent' AS agent,
        CASE v.status WHEN 'pending' THEN NULL WHEN 'delivered' THEN 'succeeded' WHEN 'failed' THEN 'failed'
          ELSE a.outcome END AS outcome,
        CASE WHEN v.status IS NULL THEN a.error_code WHEN v.status <> 'delivered' THEN last.outcome END AS error_code,
        CASE WHEN v.status IS NULL THEN a.error WHEN v.status <> 'delivered' THEN last.error END AS error,
        coalesce(v.attempts, a.attempts) AS attempts,
        CASE WHEN v.status IS NULL THEN a.status_code ELSE last.status_code END AS status_code,
        CASE WHEN v.status IS NULL THEN a.finished_at
          WHEN v.status <> 'pending' THEN coalesce(last.ended_at, v.created_at) END AS finished_at
      FROM actions a
      JOIN transitions t
        ON t.organisation_id = a.organisation_id AND t.incident_id = a.incident_id AND t.sequence = a.sequence
      LEFT JOIN action_definitions d ON d.organisation_id = a.organisation_id AND d.id = a.definition_id
      LEFT JOIN deliveries v ON v.organisation_id = a.organisation_id AND v.incident_id = a.incident_id
        AND v.sequence = a.sequence AND v.subscription_id = (a.settings->0->>'subscription_id')::uuid
      LEFT JOIN LATERAL (
        SELECT n.outcome, n.error, n.status_code,
          n.started_at + make_interval(secs => coalesce(n.duration_ms, 0) / 1000.0) AS ended_at
        FROM delivery_attempts n WHERE n.organisation_id = v.organisation_id AND n.delivery_id = v.id
        ORDER BY n.number DESC LIMIT 1
      ) AS last ON true
      WHERE a.organisation_id = ${organisationId} AND a.incident_id = ${incidentId} AND a.sequence > ${after}
      ORDER BY a.sequence LIMIT ${limit}`,

    async isRecorded(organisationId, incidentId, transitionId) {
      const rows = await sql`
        SELECT 1 FROM transitions
        WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND id = ${transitionId}`;
      return rows.length > 0;
    },
  };

  function conditions({ statuses, urgencies, visibilities, since, until, text }: Omit<IncidentFilter, 'teamId'>) {
    return sql`
      ${statuses === undefined ? sql`` : sql`AND status = ANY(${statuses})`}
      ${urgencies === undefined ? sql`` : sql`AND urgency = ANY(${urgencies})`}
      ${visibilities === undefined ? sql`` : sql`AND visibility = ANY(${visibilities})`}
      ${since === undefined ? sql`` : sql`AND created_at >= ${since}::text::timestamptz`}
      ${until === undefined ? sql`` : sql`AND created_at < ${until}::text::timestamptz`}
      ${text === undefined ? sql`` : sql`AND (${contains(sql`name`, text)} OR ${contains(sql`description`, text)})`}`;
  }

  /** No pattern, so nothing in the text means anything. By ICU's rules, since a database may know no case but ASCII's. */
  function contains(column: ReturnType<typeof sql>, text: string) {
    return sql`strpos(lower(${column} COLLATE "und-x-icu"), lower(${text}::text COLLATE "und-x-icu")) > 0`;
  }
}
