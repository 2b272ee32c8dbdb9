import type postgres from 'postgres';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Queryable } from './sql.ts';

/**
 * Whether the viewer may see the incident that a row of `incidents` is; `alias` is what the statement calls that table.
 * Every statement that shows something of an incident has this in it, or `isVisibleIncident`. It costs whoever sees all
 * nothing, and others a look at an index for each private incident.
 */
export function isVisibleTo(sql: Queryable, viewer: Viewer, alias: string): postgres.Fragment {
  if (viewer.seesPrivate) return sql`true`;
  const incident = sql(alias);
  if (viewer.memberId === null) return sql`${incident}.visibility = 'public'`;
  return sql`(${incident}.visibility = 'public' OR EXISTS (
    SELECT FROM incident_memberships im
    WHERE im.organisation_id = ${incident}.organisation_id AND im.incident_id = ${incident}.id
      AND im.member_id = ${viewer.memberId}))`;
}

/** The same of the incident that a column names: true also where it names none, since then it gives nothing away. */
export function isVisibleIncident(
  sql: Queryable,
  organisationId: string,
  viewer: Viewer,
  column: postgres.Fragment,
): postgres.Fragment {
  if (viewer.seesPrivate) return sql`true`;
  return sql`(${column} IS NULL OR EXISTS (
    SELECT FROM incidents seen
    WHERE seen.organisation_id = ${organisationId} AND seen.id = ${column} AND ${isVisibleTo(sql, viewer, 'seen')}))`;
}

/** Of these incidents those that the viewer may see. */
export async function visibleAmong(
  sql: Queryable,
  organisationId: string,
  viewer: Viewer,
  ids: string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await sql<{ id: string }[]>`
    SELECT i.id FROM incidents i
    WHERE i.organisation_id = ${organisationId} AND i.id = ANY(${ids}::uuid[]) AND ${isVisibleTo(sql, viewer, 'i')}`;
  return new Set(rows.map(({ id }) => id));
}

/** The same of a delivery; `alias` is what the statement calls that table. */
export function isVisibleDelivery(sql: Queryable, viewer: Viewer, alias: string): postgres.Fragment {
  if (viewer.seesPrivate) return sql`true`;
  const delivery = sql(alias);
  // Its subject is its incident, also where it stands for no transition; what is none tells of none.
  return sql`NOT EXISTS (
    SELECT FROM incidents told
    WHERE told.organisation_id = ${delivery}.organisation_id AND told.id = ${delivery}.subject_id
      AND NOT ${isVisibleTo(sql, viewer, 'told')})`;
}
