import type postgres from 'postgres';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Status, Urgency } from '../domain/incident/incident.ts';
import type { ServiceType, Visibility } from '../domain/incident/snapshot.ts';
import type { ExportFilter } from './exports.ts';
import type { IncidentMode } from './incidents.ts';
import type { Transaction } from './sql.ts';
import { isVisibleTo } from './visibility.ts';

export interface ExportedIncident {
  id: string;
  number: number;
  name: string;
  description: string;
  status: Status;
  severity: string | null;
  urgency: Urgency;
  priority: string | null;
  visibility: Visibility;
  mode: IncidentMode;
  teamId: string;
  team: string;
  serviceType: ServiceType;
  service: string;
  createdAt: string;
  acknowledgedAt: string | null;
  resolvedAt: string | null;
  occurrences: number;
  /** The name of the key that reported it; null: an event did. */
  reportedBy: string | null;
  /** By the field's id: texts, or ids of options. */
  customFields: Record<string, string[]>;
  /** By the role's id: the member's name. */
  roles: Record<string, string> | null;
  rootCause: string | null;
  resolution: string | null;
  /** The number of the incident it was merged into, or is being merged into; null also where the viewer may not know it. */
  mergedInto: number | null;
}

/** What an organisation has added to its incidents, in the order it was added. */
export interface ExportedFields {
  customFields: { id: string; name: string; takesMany: boolean }[];
  roles: { id: string; name: string }[];
  /** The values of options by their ids. */
  options: Map<string, string>;
}

export async function exportedFields(tx: Transaction, organisationId: string): Promise<ExportedFields> {
  const customFields = await tx<ExportedFields['customFields']>`
    SELECT id, name, field_type = 'multi_select' AS takes_many FROM custom_fields
    WHERE organisation_id = ${organisationId} AND deleted_at IS NULL ORDER BY created_at, id`;
  const roles = await tx<ExportedFields['roles']>`
    SELECT id, name FROM incident_roles
    WHERE organisation_id = ${organisationId} AND deleted_at IS NULL ORDER BY created_at, id`;
  // Deleted ones too: incidents still have them.
  const options = await tx<{ id: string; value: string }[]>`
    SELECT id, value FROM custom_field_options WHERE organisation_id = ${organisationId}`;
  return { customFields, roles, options: new Map(options.map(({ id, value }) => [id, value])) };
}

/** Look-ups in the list of columns where a join would make the planner read a whole table first. */
export function exportedIncidents(
  tx: Transaction,
  organisationId: string,
  viewer: Viewer,
  filter: ExportFilter<Status>,
): postgres.Fragment {
  return tx`
    SELECT i.id, i.number, i.name, i.description, i.status, i.severity, i.urgency, i.priority, i.visibility, i.mode,
      i.team_id, t.name AS team,
      CASE WHEN i.ruleset_id IS NOT NULL THEN 'ruleset' WHEN i.webhook_id IS NOT NULL THEN 'webhook' ELSE 'team' END
        AS service_type,
      coalesce(
        (SELECT r.name FROM rulesets r WHERE r.organisation_id = i.organisation_id AND r.id = i.ruleset_id),
        (SELECT w.name FROM webhooks w WHERE w.organisation_id = i.organisation_id AND w.id = i.webhook_id),
        t.name) AS service,
      i.created_at, i.acknowledged_at, i.resolved_at, i.occurrences,
      (SELECT k.name FROM api_keys k WHERE k.organisation_id = i.organisation_id AND k.id = i.api_key_id) AS reported_by,
      i.custom_fields,
      CASE WHEN i.role_assignments <> '{}' THEN
        (SELECT jsonb_object_agg(role.id, m.name) FROM jsonb_each_text(i.role_assignments) AS role (id, member_id)
          JOIN members m ON m.organisation_id = i.organisation_id AND m.id = role.member_id::uuid) END AS roles,
      i.root_cause, i.resolution,
      (SELECT target.number FROM incidents target
        WHERE target.organisation_id = i.organisation_id AND target.id = i.merging_into
          AND ${isVisibleTo(tx, viewer, 'target')}) AS merged_into
    FROM incidents i JOIN teams t ON t.organisation_id = i.organisation_id AND t.id = i.team_id
    WHERE i.organisation_id = ${organisationId} AND ${isVisibleTo(tx, viewer, 'i')}
      ${filter.statuses === undefined ? tx`` : tx`AND i.status = ANY(${filter.statuses})`}
      ${filter.since === undefined ? tx`` : tx`AND i.created_at >= ${filter.since}::text::timestamptz`}
      ${filter.until === undefined ? tx`` : tx`AND i.created_at < ${filter.until}::text::timestamptz`}
      ${ofIncident(tx, filter)}
    ORDER BY i.number`;
}

/** What narrows both kinds of export by the incident `i`. */
export function ofIncident(tx: Transaction, { severity, teamId }: ExportFilter<string>): postgres.Fragment {
  return tx`
    ${severity === undefined ? tx`` : tx`AND lower(i.severity) = lower(${severity})`}
    ${teamId === undefined ? tx`` : tx`AND i.team_id = ${teamId}`}`;
}
