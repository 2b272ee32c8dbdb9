import { createHash } from 'node:crypto';
import type { Viewer } from '../domain/access/viewer.ts';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { Sql } from './sql.ts';
import { isVisibleIncident, isVisibleTo } from './visibility.ts';

/** A transition that changed the status or the severity that an incident shows, or told people something. */
export interface IncidentUpdate {
  id: string;
  incidentId: string;
  at: string;
  /** The incident that this one was merged into by it, if the viewer sees that one. */
  mergedInto: string | null;
  /** The incident right after it. */
  snapshot: IncidentSnapshot;
}

export interface IncidentUpdates {
  /**
   * Oldest first; of one incident, or of all. `after` is the id of the last one seen. Undefined: the viewer sees no such
   * update.
   */
  list(
    organisationId: string,
    incidentId: string | undefined,
    page: { limit: number; after?: string | undefined },
    viewer: Viewer,
  ): Promise<IncidentUpdate[] | undefined>;
}

type Row = Omit<IncidentUpdate, 'id'> & { number: number; sequence: number };

export function createIncidentUpdates(sql: Sql): IncidentUpdates {
  return {
    async list(organisationId, incidentId, { limit, after }, viewer) {
      let place = sql``;
      if (after !== undefined) {
        const last = placeOf(organisationId, after);
        const [row] = last
          ? await sql<{ at: string; incidentId: string; sequence: number }[]>`
              SELECT t.at, t.incident_id, t.sequence FROM transitions t
              JOIN incidents i ON i.organisation_id = t.organisation_id AND i.id = t.incident_id
              WHERE i.organisation_id = ${organisationId} AND i.number = ${last.number} AND t.sequence = ${last.sequence}
                AND ${isVisibleTo(sql, viewer, 'i')}`
          : [];
        if (!row) return undefined;
        place = sql`AND (t.at, t.incident_id, t.sequence)
          > (${row.at}::text::timestamptz, ${row.incidentId}, ${row.sequence})`;
      }
      const rows = await sql<Row[]>`
        SELECT i.number, t.sequence, t.incident_id, t.at, t.snapshot,
          CASE WHEN ${isVisibleIncident(sql, organisationId, viewer, sql`(t.snapshot#>>'{incident,mergedInto,id}')::uuid`)}
            THEN t.snapshot#>>'{incident,mergedInto,id}' END AS merged_into
        FROM transitions t
        JOIN incidents i ON i.organisation_id = t.organisation_id AND i.id = t.incident_id
        WHERE t.organisation_id = ${organisationId} ${incidentId === undefined ? sql`` : sql`AND t.incident_id = ${incidentId}`}
          AND ${isVisibleTo(sql, viewer, 'i')} ${place}
          AND (t.type IN ('triggered', 'status_update_published')
            OR t.snapshot#>'{transition,previousStatus}' IS DISTINCT FROM t.snapshot#>'{incident,status}'
            OR t.snapshot#>'{transition,previousIncidentStatus,id}' IS DISTINCT FROM t.snapshot#>'{incident,incidentStatus,id}'
            OR t.type = 'updated' AND coalesce(t.snapshot#>'{transition,details,changed}' ? 'severity', false))
        ORDER BY t.at, t.incident_id, t.sequence LIMIT ${limit}`;
      return rows.map(({ number, sequence, ...row }) => ({ ...row, id: updateId(organisationId, number, sequence) }));
    },
  };
}

/**
 * A UUID that says which transition it is: 32 bits of the organisation, 64 of the incident's number and 32 of the
 * transition's sequence.
 */
function updateId(organisationId: string, number: number, sequence: number): string {
  const hex = `${markOf(organisationId)}${number.toString(16).padStart(16, '0')}${sequence.toString(16).padStart(8, '0')}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Undefined for what is no id of this organisation's updates. */
function placeOf(organisationId: string, id: string): { number: number; sequence: number } | undefined {
  const hex = id.replaceAll('-', '');
  const [number, sequence] = [Number(`0x${hex.slice(8, 24)}`), Number(`0x${hex.slice(24)}`)];
  const isOurs = hex.startsWith(markOf(organisationId)) && number <= 0x7fffffff && sequence <= 0x7fffffff;
  return isOurs ? { number, sequence } : undefined;
}

function markOf(organisationId: string): string {
  return createHash('sha256').update(`incident updates of ${organisationId}`).digest('hex').slice(0, 8);
}
