import { v7 as uuid } from 'uuid';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Urgency } from '../domain/incident/incident.ts';
import { componentStatus, type ComponentStatus } from '../domain/status-page/status.ts';
import type { Reference } from './references.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { referencesToComponent } from './status-page-references.ts';
import { lockStatusPage } from './status-pages.ts';
import { isVisibleTo } from './visibility.ts';

export interface Component {
  id: string;
  statusPageId: string;
  name: string;
  /** The worst that open incidents make of it, at their present urgency. */
  status: ComponentStatus;
  /** Open incidents that affect it and that the viewer may see, oldest first, at most `mostIncidentIds`. */
  incidentIds: string[];
  createdAt: string;
}

/** Of a page. */
export const mostComponents = 100;
/** A storm may open any number of incidents. */
export const mostIncidentIds = 100;

/** Deleted components, and those of deleted pages, are unknown to every function. */
export interface ComponentStore {
  create(
    organisationId: string,
    statusPageId: string,
    component: { name: string },
    tx: Transaction,
  ): Promise<Component | 'unknown_page' | 'full'>;
  get(organisationId: string, statusPageId: string, id: string, viewer: Viewer): Promise<Component | undefined>;
  /** Of one page, oldest first; `after` is the id of the last one seen. */
  list(
    organisationId: string,
    statusPageId: string,
    page: { limit: number; after?: string | undefined },
    viewer: Viewer,
  ): Promise<Component[]>;
  /** What stays undefined stays as it is. */
  update(
    organisationId: string,
    statusPageId: string,
    id: string,
    change: { name?: string | undefined },
    viewer: Viewer,
    tx: Queryable,
  ): Promise<Component | undefined>;
  /** Answers what still refers to the component: only when that is nothing it is deleted. Undefined: no such one. */
  remove(organisationId: string, statusPageId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
}

type Row = Omit<Component, 'status'> & { urgencies: Urgency[] };

export function createComponentStore(sql: Sql): ComponentStore {
  return {
    async create(organisationId, statusPageId, { name }, tx) {
      if (!(await lockStatusPage(tx, organisationId, statusPageId))) return 'unknown_page';
      const [there] = await tx<{ count: number }[]>`
        SELECT count(*) FROM status_page_components
        WHERE organisation_id = ${organisationId} AND status_page_id = ${statusPageId} AND deleted_at IS NULL`;
      if (there!.count >= mostComponents) return 'full';
      const [row] = await tx<Omit<Component, 'status' | 'incidentIds'>[]>`
        INSERT INTO status_page_components (id, organisation_id, status_page_id, name)
        VALUES (${uuid()}, ${organisationId}, ${statusPageId}, ${name})
        RETURNING id, status_page_id, name, created_at`;
      return { ...row!, status: componentStatus([]), incidentIds: [] };
    },

    get: (organisationId, statusPageId, id, viewer) => one(sql, organisationId, statusPageId, id, viewer),

    list: (organisationId, statusPageId, { limit, after }, viewer) =>
      read(sql, organisationId, statusPageId, after === undefined ? sql`` : sql`AND c.id > ${after}`, viewer, limit),

    async update(organisationId, statusPageId, id, { name }, viewer, tx) {
      await tx`
        UPDATE status_page_components SET name = coalesce(${name ?? null}, name)
        WHERE organisation_id = ${organisationId} AND status_page_id = ${statusPageId} AND id = ${id}
          AND deleted_at IS NULL`;
      return one(tx, organisationId, statusPageId, id, viewer);
    },

    async remove(organisationId, statusPageId, id, tx) {
      // Whoever is storing an action that names it holds the row (FOR KEY SHARE), so this waits for them.
      const [component] = await tx`
        SELECT id FROM status_page_components
        WHERE organisation_id = ${organisationId} AND status_page_id = ${statusPageId} AND id = ${id}
          AND deleted_at IS NULL
        FOR UPDATE`;
      if (!component) return undefined;
      const references = await referencesToComponent(tx, organisationId, id);
      if (references.length === 0)
        await tx`
          UPDATE status_page_components SET deleted_at = now()
          WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return references;
    },
  };
}

async function one(
  tx: Queryable,
  organisationId: string,
  statusPageId: string,
  id: string,
  viewer: Viewer,
): Promise<Component | undefined> {
  const [component] = await read(tx, organisationId, statusPageId, tx`AND c.id = ${id}`, viewer, 1);
  return component;
}

/**
 * Looks at open incidents alone, however many there were. A private one shows in the status like all others: whoever
 * runs its action on a component wants that. Who may not see it does not learn which one it is.
 */
async function read(
  tx: Queryable,
  organisationId: string,
  statusPageId: string,
  which: ReturnType<Sql>,
  viewer: Viewer,
  limit: number,
): Promise<Component[]> {
  const rows = await tx<Row[]>`
    SELECT c.id, c.status_page_id, c.name, c.created_at,
      array_remove(array_agg(DISTINCT i.urgency), NULL) AS urgencies,
      (array_remove(array_agg(CASE WHEN ${isVisibleTo(tx, viewer, 'i')} THEN i.id END ORDER BY i.number), NULL))[1:${mostIncidentIds}::integer] AS incident_ids
    FROM status_page_components c
    LEFT JOIN (
      component_incidents ci
      JOIN incidents i ON i.organisation_id = ci.organisation_id AND i.id = ci.incident_id
        AND i.status IN ('triggered', 'acknowledged')
    ) ON ci.organisation_id = c.organisation_id AND ci.component_id = c.id
    WHERE c.organisation_id = ${organisationId} AND c.status_page_id = ${statusPageId} AND c.deleted_at IS NULL ${which}
    GROUP BY c.id ORDER BY c.id LIMIT ${limit}`;
  return rows.map(({ urgencies, ...row }) => ({ ...row, status: componentStatus(urgencies) }));
}
