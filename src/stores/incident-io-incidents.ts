import type { Viewer } from '../domain/access/viewer.ts';
import { openingCommandId } from '../domain/incident/command.ts';
import type { Agent } from '../domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import { type IncidentIoFilter, isWanted } from './incident-io-filter.ts';
import { isMerged } from './incident-status.ts';
import type { IncidentMode } from './incidents.ts';
import { snapshotOf } from './snapshot-columns.ts';
import type { Sql } from './sql.ts';
import { isVisibleTo } from './visibility.ts';

/** An incident as incident.io's API shows it: in the form from which its webhooks are rendered, so that both agree. */
export interface IncidentIoRead {
  id: string;
  number: number;
  /** `transition` is its opening, at the time of its last change. */
  snapshot: IncidentSnapshot;
}

/** What one that was opened with a key of its own says to a request with the same key. */
export interface Repeated {
  id: string;
  apiKeyId: string | null;
  isUntouched: boolean;
  isVisible: boolean;
}

export interface IncidentIoReads {
  /** By id, or by the number in its reference. */
  get(
    organisationId: string,
    by: { id: string } | { number: number },
    viewer: Viewer,
  ): Promise<IncidentIoRead | undefined>;
  /** By number; `after` is the id of the last one seen. Undefined: the viewer sees no such incident. */
  list(
    organisationId: string,
    filter: IncidentIoFilter,
    page: { limit: number; descending: boolean; after?: string | undefined },
    viewer: Viewer,
  ): Promise<IncidentIoRead[] | undefined>;
  /** Null: more than 10,000, which would take long to count. */
  count(organisationId: string, filter: IncidentIoFilter, viewer: Viewer): Promise<number | null>;
  /** The incident that this `idempotency_key` of incident.io's API names for ever. */
  repeated(organisationId: string, idempotencyKey: string, viewer: Viewer): Promise<Repeated | undefined>;
  /** What an edit has to compare with, whoever edits. */
  columns(organisationId: string, id: string): Promise<EditableColumns | undefined>;
}

/** Of a row, beside what `IncidentRead` says. */
export interface EditableColumns {
  /** Nothing has happened to it but its opening, with the actions that rulesets gave it. */
  isUntouched: boolean;
  statusId: string | null;
  mode: IncidentMode;
  customFields: Record<string, string[]>;
  roleAssignments: Record<string, string>;
  timestamps: Record<string, string>;
}

const mostCounted = 10_000;

/** What the transition of a snapshot says besides what the row knows of it. */
const opened = { id: '', type: 'triggered', at: '', agent: null, channel: 'api', details: {}, action: null };

type Row = Omit<IncidentIoRead, 'snapshot'> & { snapshot: IncidentSnapshot; updatedAt: string; openedBy: Agent };

export function createIncidentIoReads(sql: Sql): IncidentIoReads {
  /** Of what `chosen` names by id, in no order. As an array, so that they are found before anything is joined. */
  async function read(organisationId: string, chosen: ReturnType<Sql>): Promise<IncidentIoRead[]> {
    const { json, joins } = snapshotOf(sql, {}, opened, null);
    const rows = await sql<Row[]>`
      SELECT i.id, i.number, i.updated_at, i.opening->'openedBy' AS opened_by, ${json} AS snapshot
      FROM incidents i
      CROSS JOIN LATERAL (SELECT i.organisation_id, 0 AS sequence, i.status, i.incident_status_id,
        ${isMerged(sql, 'i')} AS is_merged) AS was
      CROSS JOIN (SELECT '{}'::jsonb AS brought) AS content ${joins}
      WHERE i.organisation_id = ${organisationId} AND i.id = ANY(ARRAY(${chosen}))`;
    return rows.map(({ id, number, snapshot, updatedAt: at, openedBy: agent }) => ({
      id,
      number,
      snapshot: { ...snapshot, transition: { ...snapshot.transition, at, agent } },
    }));
  }

  return {
    async get(organisationId, by, viewer) {
      const [found] = await read(
        organisationId,
        sql`
          SELECT s.id FROM incidents s
          WHERE s.organisation_id = ${organisationId} AND ${'id' in by ? sql`s.id = ${by.id}` : sql`s.number = ${by.number}`}
            AND ${isVisibleTo(sql, viewer, 's')}`,
      );
      return found;
    },

    async list(organisationId, filter, { limit, descending, after }, viewer) {
      let place = sql``;
      if (after !== undefined) {
        const [last] = await sql<{ number: number }[]>`
          SELECT i.number FROM incidents i
          WHERE i.organisation_id = ${organisationId} AND i.id = ${after} AND ${isVisibleTo(sql, viewer, 'i')}`;
        if (!last) return undefined;
        place = descending ? sql`AND s.number < ${last.number}` : sql`AND s.number > ${last.number}`;
      }
      const rows = await read(
        organisationId,
        sql`
          SELECT s.id FROM incidents s
          WHERE s.organisation_id = ${organisationId} AND ${isVisibleTo(sql, viewer, 's')} AND ${isWanted(sql, filter)} ${place}
          ORDER BY s.number ${descending ? sql`DESC` : sql``} LIMIT ${limit}`,
      );
      return rows.sort((one, other) => (descending ? other.number - one.number : one.number - other.number));
    },

    async count(organisationId, filter, viewer) {
      const [row] = await sql<{ count: number }[]>`
        SELECT count(*) AS count FROM (
          SELECT FROM incidents s
          WHERE s.organisation_id = ${organisationId} AND ${isVisibleTo(sql, viewer, 's')} AND ${isWanted(sql, filter)}
          LIMIT ${mostCounted + 1}) AS counted`;
      return row!.count > mostCounted ? null : row!.count;
    },

    async repeated(organisationId, idempotencyKey, viewer) {
      const [row] = await sql<Repeated[]>`
        SELECT i.id, i.api_key_id, ${isUntouched(sql)} AS is_untouched, ${isVisibleTo(sql, viewer, 'i')} AS is_visible
        FROM incidents i WHERE i.organisation_id = ${organisationId} AND i.idempotency_key = ${idempotencyKey}`;
      return row;
    },

    async columns(organisationId, id) {
      const [row] = await sql<EditableColumns[]>`
        SELECT ${isUntouched(sql)} AS is_untouched, i.incident_status_id AS status_id, i.mode, i.custom_fields,
          i.role_assignments, i.timestamps
        FROM incidents i WHERE i.organisation_id = ${organisationId} AND i.id = ${id}`;
      return row;
    },
  };
}

/** Of an incident `i`. Its opening and each of the actions that it began with are transitions of their own. */
function isUntouched(sql: Sql) {
  return sql`NOT EXISTS (
    SELECT FROM transitions t
    WHERE t.organisation_id = i.organisation_id AND t.incident_id = i.id
      AND t.id <> ${openingCommandId} AND t.id NOT LIKE 'opening:%')`;
}

/** Whether storing an incident failed since another one has its `idempotency_key`. */
export function isRepeated(error: unknown): boolean {
  return (error as { constraint_name?: unknown } | null)?.constraint_name === 'incidents_by_idempotency_key';
}
