import type postgres from 'postgres';
import { isMerged, shownStatus } from './incident-status.ts';
import type { Queryable } from './sql.ts';

/** People named for a target at most: a team of hundreds fills no payload. */
const mostAssigned = 25;

/**
 * An `IncidentSnapshot` (domain/incident/snapshot.ts) of the incident `i` right after a transition, and what it is read
 * from, beside `was` (the row before) and `content` (stores/command-contents.ts). Names, numbers and whom a target stands for are taken as they are at that moment. `onCall`: for each
 * schedule's team, who is on call. `event`: the `transition` part, without what only the row knows.
 */
export function snapshotOf(
  sql: Queryable,
  onCall: Record<string, string[]>,
  event: { details: Record<string, unknown> },
  agentId: string | null,
) {
  return {
    json: sql`jsonb_build_object(
      'incident', jsonb_build_object(
        'id', i.id, 'number', i.number, 'name', i.name, 'description', i.description, 'status', i.status,
        'urgency', i.urgency, 'severity', i.severity, 'priority', i.priority, 'visibility', i.visibility,
        'assignees', i.lifecycle->'assignees', 'assigned', coalesce(assigned.ids, '[]'),
        'incidentKey', i.incident_key, 'eventId', i.event_id,
        'occurrences', i.occurrences, 'createdAt', i.opening->>'createdAt',
        'acknowledgedAt', i.lifecycle->>'acknowledgedAt', 'resolvedAt', i.lifecycle->>'resolvedAt',
        'resolution', i.resolution, 'rootCause', i.root_cause, 'pendingActions', i.lifecycle->'pendingActions',
        'escalationPolicy', CASE WHEN i.escalation_policy IS NOT NULL THEN jsonb_build_object(
          'id', i.escalation_policy->'id', 'name', i.escalation_policy->'name') END,
        'escalation', i.lifecycle->'escalation', 'responders', coalesce(i.lifecycle->'responders', '[]'),
        'conferenceBridge', coalesce(i.conference_bridge, i.lifecycle->'conferenceBridge'),
        'mergedInto', CASE WHEN target.id IS NOT NULL THEN jsonb_build_object(
          'id', target.id, 'number', target.number, 'name', target.name) END,
        'acknowledgementTimeout', (i.opening->>'acknowledgementTimeout')::integer, 'trail', i.trail,
        'apiKey', CASE WHEN reporter.id IS NOT NULL THEN jsonb_build_object('id', reporter.id, 'name', reporter.name) END,
        'mode', i.mode, 'timestamps', i.timestamps, 'incidentStatus', ${statusJson(sql, 'shown')},
        'rankedSeverity', ${severityJson(sql)},
        'incidentType', CASE WHEN kind.id IS NOT NULL THEN jsonb_build_object('id', kind.id, 'name', kind.name,
          'description', kind.description, 'isDefault', kind.is_default, 'privateIncidentsOnly', kind.private_incidents_only,
          'createInTriage', kind.create_in_triage, 'createdAt', kind.created_at, 'updatedAt', kind.updated_at) END,
        'customFields', CASE WHEN i.custom_fields = '{}' THEN '[]' ELSE (${customFieldsOf(sql)}) END,
        'roleAssignments', CASE WHEN i.role_assignments = '{}' THEN '[]' ELSE (${roleAssignmentsOf(sql)}) END),
      'organisation', jsonb_build_object('id', o.id, 'name', o.name),
      'team', jsonb_build_object('id', t.id, 'number', t.number, 'name', t.name),
      'service', jsonb_build_object(
        'lastIncidentAt', (SELECT max(s.created_at) FROM incidents s
          WHERE s.organisation_id = i.organisation_id AND s.service_id = i.service_id AND ${mayBeTold(sql, 's')}),
        'status', CASE
          WHEN i.status = 'triggered' OR ${hasOpen(sql, 'triggered')} THEN 'triggered'
          WHEN i.status = 'acknowledged' OR ${hasOpen(sql, 'acknowledged')} THEN 'acknowledged'
          ELSE 'resolved' END) || ${serviceJson(sql)},
      'webhook', CASE WHEN w.id IS NOT NULL THEN jsonb_build_object(
        'id', w.id, 'number', w.number, 'name', w.name,
        'monitorUrl', w.monitor_url, 'monitorMethod', w.monitor_method) END,
      'check', i.check_result,
      'people', coalesce(people.list, '[]'),
      'hops', coalesce((SELECT e.hops FROM events e WHERE e.organisation_id = i.organisation_id AND e.id = i.event_id), 0),
      'transition', told.event || jsonb_build_object(
        'details', (told.event->'details') || content.brought,
        'sequence', i.sequence, 'previousStatus', CASE WHEN was.sequence > 0 THEN was.status END,
        'previousIncidentStatus', CASE WHEN was.sequence > 0 THEN ${statusJson(sql, 'earlier')} END))`,
    joins: sql`
      JOIN organisations o ON o.id = i.organisation_id
      JOIN teams t ON t.id = i.team_id AND t.organisation_id = i.organisation_id
      LEFT JOIN rulesets r ON r.id = i.ruleset_id AND r.organisation_id = i.organisation_id
      LEFT JOIN escalation_policies p ON p.id = r.escalation_policy_id AND p.organisation_id = r.organisation_id
      LEFT JOIN webhooks w ON w.id = i.webhook_id AND w.organisation_id = i.organisation_id
      LEFT JOIN incidents target ON target.organisation_id = i.organisation_id AND target.id = i.merging_into
        AND i.lifecycle->>'resolveReason' = 'merged'
        AND ${mayBeTold(sql, 'target')}
      CROSS JOIN LATERAL (SELECT ${toldEvent(sql, event)} AS event) AS told
      CROSS JOIN LATERAL (SELECT i.organisation_id, i.status, i.incident_status_id, ${isMerged(sql, 'i')} AS is_merged) AS state
      LEFT JOIN LATERAL (${shownStatus(sql, 'state')}) AS shown ON true
      LEFT JOIN LATERAL (${shownStatus(sql, 'was')}) AS earlier ON true
      LEFT JOIN severities sev ON sev.organisation_id = i.organisation_id AND sev.id = i.severity_id
      LEFT JOIN api_keys reporter ON reporter.organisation_id = i.organisation_id AND reporter.id = i.api_key_id
      LEFT JOIN incident_types kind ON kind.organisation_id = i.organisation_id
        AND kind.id = coalesce(i.incident_type_id, (SELECT usual.id FROM incident_types usual
          WHERE usual.organisation_id = i.organisation_id AND usual.is_default))
      LEFT JOIN LATERAL (${assignedMembers(sql, onCall)}) AS assigned ON true
      LEFT JOIN LATERAL (${namedPeople(sql, agentId)}) AS people ON true`,
  };
}

/** A row of incident_statuses as a snapshot has it. */
function statusJson(sql: Queryable, row: 'shown' | 'earlier') {
  return sql`CASE WHEN ${sql(row)}.id IS NOT NULL THEN jsonb_build_object('id', ${sql(row)}.id, 'name', ${sql(row)}.name,
    'category', ${sql(row)}.category, 'description', ${sql(row)}.description, 'rank', ${sql(row)}.rank,
    'createdAt', ${sql(row)}.created_at, 'updatedAt', ${sql(row)}.updated_at) END`;
}

function severityJson(sql: Queryable) {
  return sql`CASE WHEN sev.id IS NOT NULL THEN jsonb_build_object('id', sev.id, 'name', sev.name,
    'description', sev.description, 'rank', sev.rank, 'level', (
      SELECT 1 + count(*) FILTER (WHERE other.rank < sev.rank) FROM severities other
      WHERE other.organisation_id = sev.organisation_id),
    'levels', (SELECT count(*) FROM severities other WHERE other.organisation_id = sev.organisation_id),
    'createdAt', sev.created_at, 'updatedAt', sev.updated_at) END`;
}

/** Fields that have a value, with what their values mean now: an option is its row. */
function customFieldsOf(sql: Queryable) {
  return sql`
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'description', f.description,
      'fieldType', f.field_type, 'values', CASE WHEN f.field_type NOT LIKE '%_select' THEN given.value ELSE (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'value', o.value, 'sortKey', o.sort_key)
          ORDER BY o.sort_key, o.id), '[]')
        FROM custom_field_options o
        WHERE o.organisation_id = f.organisation_id AND o.id = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value)::uuid)))
        END) ORDER BY f.created_at, f.id), '[]')
    FROM jsonb_each(i.custom_fields) AS given (id, value)
    JOIN custom_fields f ON f.organisation_id = i.organisation_id AND f.id = given.id::uuid AND f.deleted_at IS NULL`;
}

function roleAssignmentsOf(sql: Queryable) {
  return sql`
    SELECT coalesce(jsonb_agg(jsonb_build_object('memberId', given.value, 'id', r.id, 'name', r.name,
      'description', r.description, 'instructions', r.instructions, 'shortform', r.shortform, 'roleType', r.role_type,
      'required', r.required, 'createdAt', r.created_at, 'updatedAt', r.updated_at)
      ORDER BY array_position(ARRAY['lead', 'reporter'], r.role_type), r.created_at, r.id), '[]')
    FROM jsonb_each_text(i.role_assignments) AS given (id, value)
    JOIN incident_roles r ON r.organisation_id = i.organisation_id AND r.id = given.id::uuid AND r.deleted_at IS NULL`;
}

/** The `service` of a snapshot without its state, from `r` (ruleset) with `p` (its policy), `w` (webhook) or `t` (team). */
function serviceJson(sql: Queryable) {
  return sql`CASE
    WHEN r.id IS NOT NULL THEN ${rulesetServiceJson(sql)}
    WHEN w.id IS NOT NULL THEN ${plainServiceJson(sql, 'w', 'webhook')}
    ELSE ${plainServiceJson(sql, 't', 'team')} END`;
}

/** A ruleset `r` with its escalation policy `p` as a service. */
export function rulesetServiceJson(sql: Queryable) {
  return sql`jsonb_build_object(
    'type', 'ruleset', 'id', r.id, 'number', r.number, 'name', r.name, 'description', r.description,
    'createdAt', r.created_at, 'acknowledgementTimeout', r.acknowledgement_timeout,
    'autoResolveTimeout', r.auto_resolve_timeout, 'urgency', r.urgency, 'supportHours', r.support_hours,
    'escalationPolicy', CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('id', p.id, 'name', p.name) END)`;
}

/** A webhook `w` or a team `t` as a service. */
export function plainServiceJson(sql: Queryable, row: 'w' | 't', type: 'webhook' | 'team') {
  return sql`jsonb_build_object(
    'type', ${type}::text, 'id', ${sql(row)}.id, 'number', ${sql(row)}.number, 'name', ${sql(row)}.name,
    'createdAt', ${sql(row)}.created_at,
    'description', ${row === 'w' ? sql`w.description` : sql`''::text`})`;
}

/** Each member once, in the order of the assignees that stand for them. */
function assignedMembers(sql: Queryable, onCall: Record<string, string[]>) {
  const assignees = sql`jsonb_array_elements(i.lifecycle->'assignees') WITH ORDINALITY AS a (given, place)`;
  return sql`
    SELECT jsonb_agg(chosen.id ORDER BY chosen.place, chosen.id) AS ids FROM (
      SELECT found.id, min(found.place) AS place FROM (
        SELECT m.id, a.place FROM ${assignees}
        JOIN members m ON m.organisation_id = i.organisation_id AND m.id = (a.given->>'id')::uuid
        WHERE a.given->>'type' = 'member'
        UNION ALL
        SELECT m.id, a.place FROM ${assignees}
        JOIN members m ON m.organisation_id = i.organisation_id AND m.team_id = (a.given->>'id')::uuid
          AND m.deleted_at IS NULL
        WHERE a.given->>'type' = 'team'
        UNION ALL
        SELECT m.id, a.place FROM ${assignees}
        CROSS JOIN LATERAL jsonb_array_elements_text(${sql.json(onCall)}::jsonb -> lower(a.given->>'id')) AS on_call (id)
        JOIN members m ON m.organisation_id = i.organisation_id AND m.id = on_call.id::uuid
        WHERE a.given->>'type' = 'schedule'
      ) AS found
      GROUP BY found.id ORDER BY place, found.id LIMIT ${mostAssigned}
    ) AS chosen`;
}

/** Whoever is assigned, was asked for help, acts now or acted before. */
function namedPeople(sql: Queryable, agentId: string | null) {
  const acting =
    '$.**.agent ? (@.type == "member" && @.id like_regex "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").id';
  return sql`
    SELECT jsonb_agg(jsonb_build_object('id', m.id, 'teamId', m.team_id, 'name', m.name, 'email', m.email) ORDER BY m.id) AS list
    FROM members m
    WHERE m.organisation_id = i.organisation_id AND m.id IN (
      SELECT jsonb_array_elements_text(assigned.ids)::uuid
      UNION SELECT (responder->>'memberId')::uuid
        FROM jsonb_array_elements(coalesce(i.lifecycle->'responders', '[]')) AS responder
      UNION SELECT value::uuid FROM jsonb_each_text(i.role_assignments)
      UNION SELECT (jsonb_path_query(i.trail, ${acting}::jsonpath) #>> '{}')::uuid
      UNION SELECT ${agentId}::uuid)`;
}

function hasOpen(sql: Queryable, status: 'triggered' | 'acknowledged') {
  return sql`EXISTS (SELECT FROM incidents s
    WHERE s.organisation_id = i.organisation_id AND s.service_id = i.service_id AND s.status = ${status}
      AND s.status <> 'resolved' AND s.id <> i.id AND ${mayBeTold(sql, 's')})`;
}

/** Whoever is told of a public incident learns nothing of a private one. */
function mayBeTold(sql: Queryable, other: 's' | 'target' | 'merged') {
  return sql`(${sql(other)}.visibility = 'public' OR i.visibility = 'private')`;
}

/** Without the ids of those that may not be told; only what merges incidents names others. */
function toldEvent(sql: Queryable, event: { details: Record<string, unknown> }) {
  const json = sql`${sql.json(event as never)}::jsonb`;
  const known = (id: postgres.Fragment) => sql`EXISTS (SELECT FROM incidents merged
    WHERE merged.organisation_id = i.organisation_id AND merged.id = ${id} AND ${mayBeTold(sql, 'merged')})`;
  if (Array.isArray(event.details['incident_ids']))
    return sql`jsonb_set(${json}, '{details,incident_ids}', (
      SELECT coalesce(jsonb_agg(given.id), '[]')
      FROM jsonb_array_elements_text(${json} #> '{details,incident_ids}') AS given (id)
      WHERE ${known(sql`given.id::uuid`)}))`;
  const target = event.details['merged_into'];
  if (typeof target !== 'string') return json;
  return sql`CASE WHEN ${known(sql`${target}::uuid`)} THEN ${json} ELSE ${json} #- '{details,merged_into}' END`;
}
