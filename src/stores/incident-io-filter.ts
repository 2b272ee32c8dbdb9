import type postgres from 'postgres';
import type { Status } from '../domain/incident/incident.ts';
import { isMerged, shownStatus } from './incident-status.ts';
import type { IncidentMode } from './incidents.ts';
import type { Queryable } from './sql.ts';

/** Ids are UUIDs in small letters, times ISO 8601. */
export type IncidentIoCondition =
  /**
   * Shows one of these statuses; `of`: which of our own those stand for. `withDefault`: a default is among them, which
   * incidents show that were given none.
   */
  | { type: 'status'; ids: string[]; of: Status[]; withDefault: boolean }
  | { type: 'severity'; ids: string[]; isNot: boolean }
  /** `withDefault`: the default type is among them, which incidents have that name none. */
  | { type: 'incident_type'; ids: string[]; withDefault: boolean; isNot: boolean }
  | { type: 'incident_role'; id: string; memberIds: string[] }
  | { type: 'incident_role_blank'; id: string; isBlank: boolean }
  /** Texts, or ids of options. */
  | { type: 'custom_field'; id: string; values: string[]; isNot: boolean }
  | { type: 'custom_field_blank'; id: string; isBlank: boolean }
  /** Both ends belong to it; null: open. */
  | { type: 'created_at' | 'updated_at'; from: string | null; until: string | null };

export interface IncidentIoFilter {
  /** Null: all of them. */
  modes: IncidentMode[] | null;
  /** Of these all hold, or at least one. Without any every incident is wanted. */
  combine: 'all' | 'any';
  conditions: IncidentIoCondition[];
}

/** Whether an incident `s` is wanted. */
export function isWanted(sql: Queryable, { modes, combine, conditions }: IncidentIoFilter): postgres.Fragment {
  const [first, ...others] = conditions.map((condition) => holds(sql, condition));
  const between = combine === 'all' ? sql`AND` : sql`OR`;
  const joined = others.reduce((all, one) => sql`${all} ${between} ${one}`, first ?? sql`true`);
  return sql`(${modes === null ? sql`true` : sql`s.mode = ANY(${modes})`} AND (${joined}))`;
}

function holds(sql: Queryable, condition: IncidentIoCondition): postgres.Fragment {
  switch (condition.type) {
    case 'status':
      // What is looked at first has an index, and leaves few of the incidents that are open.
      return sql`(s.status = ANY(${condition.of})
        ${condition.withDefault ? sql`` : sql`AND s.incident_status_id IS NOT NULL AND s.incident_status_id = ANY(${condition.ids}::uuid[])`}
        AND ${shownStatusId(sql)} = ANY(${condition.ids}::uuid[]))`;
    case 'severity':
      return condition.isNot
        ? sql`(s.severity_id IS NULL OR s.severity_id <> ALL(${condition.ids}::uuid[]))`
        : sql`(s.severity_id IS NOT NULL AND s.severity_id = ANY(${condition.ids}::uuid[]))`;
    case 'incident_type':
      return sql`coalesce(s.incident_type_id = ANY(${condition.ids}::uuid[]), ${condition.withDefault}) <> ${condition.isNot}`;
    case 'incident_role':
      return sql`coalesce(s.role_assignments->>${condition.id}::text = ANY(${condition.memberIds}), false)`;
    case 'incident_role_blank':
      return sql`(s.role_assignments ? ${condition.id}::text) <> ${condition.isBlank}`;
    case 'custom_field':
      return condition.isNot ? sql`NOT ${hasValue(sql, condition)}` : hasValue(sql, condition);
    case 'custom_field_blank':
      return sql`(s.custom_fields ? ${condition.id}::text) <> ${condition.isBlank}`;
    case 'created_at':
    case 'updated_at': {
      const { type, from, until } = condition;
      const after = from === null ? sql`true` : sql`s.${sql(type)} >= ${from}::text::timestamptz`;
      const before = until === null ? sql`true` : sql`s.${sql(type)} <= ${until}::text::timestamptz`;
      return sql`(${after} AND ${before})`;
    }
  }
}

function shownStatusId(sql: Queryable) {
  return sql`(SELECT shown.id FROM (
      SELECT s.organisation_id, s.status, s.incident_status_id, ${isMerged(sql, 's')} AS is_merged) AS state
    CROSS JOIN LATERAL (${shownStatus(sql, 'state')}) AS shown)`;
}

/** By the index of those that have any. */
function hasValue(sql: Queryable, { id, values }: { id: string; values: string[] }) {
  const wanted = values.map((value) => JSON.stringify({ [id]: [value] }));
  return sql`(s.custom_fields <> '{}' AND s.custom_fields @> ANY(${wanted}::text[]::jsonb[]))`;
}
