import type { ConferenceBridge } from '../domain/incident/incident.ts';
import type { IncidentMode } from './incidents.ts';
import type { Queryable } from './sql.ts';

/**
 * What a command changes of the incident's row without its workflow: what is absent stays. In `customFields` an empty
 * list takes a field's values away, in the other two null does likewise.
 */
export interface ContentChanges {
  name?: string;
  description?: string;
  severity?: string | null;
  priority?: string | null;
  resolution?: string;
  rootCause?: string;
  /** Instead of the one that the workflow knows. */
  conferenceBridge?: ConferenceBridge | null;
  /** Of incident_statuses; it is shown as long as its category stands for the incident's status. */
  statusId?: string;
  typeId?: string;
  mode?: IncidentMode;
  /** By the field's id: texts, or ids of options. */
  customFields?: Record<string, string[]>;
  /** Member by role, both as ids. */
  roleAssignments?: Record<string, string | null>;
  /** Time (ISO 8601) by name. */
  timestamps?: Record<string, string | null>;
}

/** What a command brings besides what its workflow hears of it. */
export interface CommandContent {
  changes?: ContentChanges;
  /** Added to the details of its log entry. */
  details?: Record<string, unknown>;
}

/**
 * Keeps it until the transition of that id is stored, whose transaction takes it. Call it before the command is sent;
 * again with the same id it adds what is not there yet, and changes nothing.
 */
export async function storeCommandContent(
  sql: Queryable,
  organisationId: string,
  incidentId: string,
  commandId: string,
  { changes = {}, details = {} }: CommandContent,
): Promise<void> {
  await sql`
    INSERT INTO command_contents (organisation_id, incident_id, command_id, changes, details)
    VALUES (${organisationId}, ${incidentId}, ${commandId}, ${sql.json(changes as never)}, ${sql.json(details as never)})
    ON CONFLICT (incident_id, command_id) DO UPDATE SET changes = excluded.changes || command_contents.changes,
      details = excluded.details || command_contents.details`;
}

/** Long after no command can be on its way any more; answers how many. Works across organisations. */
export async function forgetOldContents(sql: Queryable): Promise<number> {
  const { count } = await sql`
    DELETE FROM command_contents WHERE (incident_id, command_id) IN (
      SELECT incident_id, command_id FROM command_contents
      WHERE created_at < now() - interval '30 days' ORDER BY created_at LIMIT 1000)`;
  return count;
}

/** One row, empty where a command brings nothing. */
export function contentOf(sql: Queryable, organisationId: string, incidentId: string, commandId: string) {
  return sql`
    SELECT coalesce(found.changes, '{}') AS changes, coalesce(found.details, '{}') AS brought FROM (VALUES (1)) AS one (row)
    LEFT JOIN command_contents found ON found.organisation_id = ${organisationId}
      AND found.incident_id = ${incidentId} AND found.command_id = ${commandId}`;
}

/** A role of incident.io's that a member has from now on, unless somebody has it. */
export interface TakenRole {
  role: 'lead' | 'reporter';
  memberId: string;
}

/** Assignments for an UPDATE of `incidents` FROM `content`. `taken`: what the transition itself says of roles. */
export function contentAssignments(sql: Queryable, taken: TakenRole | null) {
  const roles = taken === null ? sql`role_assignments` : sql`(${roleTaken(sql, taken)} || role_assignments)`;
  return sql`
    incident_status_id = coalesce((changes->>'statusId')::uuid, incident_status_id),
    incident_type_id = coalesce((changes->>'typeId')::uuid, incident_type_id),
    mode = coalesce(changes->>'mode', mode),
    custom_fields = CASE WHEN changes ? 'customFields'
      THEN ${without(sql, sql`custom_fields || (changes->'customFields')`, sql`'[]'`)} ELSE custom_fields END,
    role_assignments = CASE WHEN changes ? 'roleAssignments'
      THEN ${without(sql, sql`${roles} || (changes->'roleAssignments')`, sql`'null'`)} ELSE ${roles} END,
    timestamps = CASE WHEN changes ? 'timestamps'
      THEN ${without(sql, sql`timestamps || (changes->'timestamps')`, sql`'null'`)} ELSE timestamps END`;
}

function roleTaken(sql: Queryable, { role, memberId }: TakenRole) {
  return sql`(SELECT coalesce(jsonb_object_agg(r.id, ${memberId}::text), '{}') FROM incident_roles r
    WHERE r.organisation_id = incidents.organisation_id AND r.role_type = ${role} AND r.deleted_at IS NULL)`;
}

type Fragment = ReturnType<Queryable>;

function without(sql: Queryable, object: Fragment, nothing: Fragment) {
  return sql`(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(${object}) WHERE value <> ${nothing})`;
}
