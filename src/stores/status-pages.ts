import { v7 as uuid } from 'uuid';
import type { Reference } from './references.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { referencesToStatusPage } from './status-page-references.ts';

export interface StatusPage {
  id: string;
  name: string;
  createdAt: string;
}

/** What an action names. */
export interface ComponentAddress {
  statusPageId: string;
  componentId: string;
}

/** Of an organisation. */
export const mostStatusPages = 100;

/** Deleted pages are unknown to every function. */
export interface StatusPageStore {
  create(organisationId: string, page: { name: string }, tx: Transaction): Promise<StatusPage | 'full'>;
  get(organisationId: string, id: string): Promise<StatusPage | undefined>;
  /** Oldest first; `after` is the id of the last one seen. */
  list(organisationId: string, page: { limit: number; after?: string | undefined }): Promise<StatusPage[]>;
  /** What stays undefined stays as it is. */
  update(
    organisationId: string,
    id: string,
    change: { name?: string | undefined },
    tx: Queryable,
  ): Promise<StatusPage | undefined>;
  /**
   * Answers what still refers to the page or its components: only when that is nothing it is deleted, and they with it.
   * Undefined: there is no such page.
   */
  remove(organisationId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
  /** Of whatever organisation: a page is for everybody who knows its id. `readAt` is when it was looked at. */
  find(id: string): Promise<(StatusPage & { organisationId: string; readAt: string }) | undefined>;
  /** Lets the component suffer from the incident for as long as that is open; a repeat changes nothing. */
  affect(
    organisationId: string,
    target: ComponentAddress & { incidentId: string },
  ): Promise<'affected' | 'unknown_component'>;
  /**
   * The places in `items` that name no component of that page in the organisation. With a transaction, the components
   * that are named stay until its end.
   */
  unknownComponents(organisationId: string, items: ComponentAddress[], tx?: Transaction): Promise<number[]>;
}

export function createStatusPageStore(sql: Sql): StatusPageStore {
  const columns = sql`id, name, created_at`;

  return {
    async create(organisationId, { name }, tx) {
      // One at a time, so that the count holds until the end.
      await tx`SELECT id FROM organisations WHERE id = ${organisationId} FOR NO KEY UPDATE`;
      const [there] = await tx<{ count: number }[]>`
        SELECT count(*) FROM status_pages WHERE organisation_id = ${organisationId} AND deleted_at IS NULL`;
      if (there!.count >= mostStatusPages) return 'full';
      const [row] = await tx<StatusPage[]>`
        INSERT INTO status_pages (id, organisation_id, name) VALUES (${uuid()}, ${organisationId}, ${name})
        RETURNING ${columns}`;
      return row!;
    },

    async get(organisationId, id) {
      const [row] = await sql<StatusPage[]>`
        SELECT ${columns} FROM status_pages
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    list: (organisationId, { limit, after }) => sql<StatusPage[]>`
      SELECT ${columns} FROM status_pages
      WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
        ${after === undefined ? sql`` : sql`AND id > ${after}`}
      ORDER BY id LIMIT ${limit}`,

    async update(organisationId, id, { name }, tx) {
      const [row] = await tx<StatusPage[]>`
        UPDATE status_pages SET name = coalesce(${name ?? null}, name)
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
        RETURNING ${columns}`;
      return row;
    },

    async remove(organisationId, id, tx) {
      const [page] = await tx`
        SELECT id FROM status_pages
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR UPDATE`;
      if (!page) return undefined;
      // Whoever is storing an action that names one holds its row (FOR KEY SHARE, in the same order): this waits for them.
      await tx`
        SELECT id FROM status_page_components
        WHERE organisation_id = ${organisationId} AND status_page_id = ${id} AND deleted_at IS NULL
        ORDER BY id FOR UPDATE`;
      const references = await referencesToStatusPage(tx, organisationId, id);
      if (references.length === 0) {
        await tx`
          UPDATE status_page_components SET deleted_at = now()
          WHERE organisation_id = ${organisationId} AND status_page_id = ${id} AND deleted_at IS NULL`;
        await tx`UPDATE status_pages SET deleted_at = now() WHERE organisation_id = ${organisationId} AND id = ${id}`;
      }
      return references;
    },

    async find(id) {
      const [row] = await sql<(StatusPage & { organisationId: string; readAt: string })[]>`
        SELECT ${columns}, organisation_id, date_trunc('milliseconds', now()) AS read_at FROM status_pages
        WHERE id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    async affect(organisationId, { statusPageId, componentId, incidentId }) {
      const [component] = await sql`
        WITH component AS (
          SELECT id FROM status_page_components
          WHERE organisation_id = ${organisationId} AND status_page_id = ${statusPageId} AND id = ${componentId}
            AND deleted_at IS NULL
          FOR KEY SHARE
        ), affected AS (
          INSERT INTO component_incidents (organisation_id, component_id, incident_id)
          SELECT i.organisation_id, component.id, i.id FROM component, incidents i
          WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId}
          ON CONFLICT (component_id, incident_id) DO NOTHING
        )
        SELECT id FROM component`;
      return component ? 'affected' : 'unknown_component';
    },

    async unknownComponents(organisationId, items, tx) {
      if (items.length === 0) return [];
      const ids = items.map(({ componentId }) => componentId);
      const rows = await (tx ?? sql)<{ id: string; statusPageId: string }[]>`
        SELECT id, status_page_id FROM status_page_components
        WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[]) AND deleted_at IS NULL
        ORDER BY id ${tx ? sql`FOR KEY SHARE` : sql``}`;
      const known = new Set(rows.map(({ id, statusPageId }) => `${statusPageId} ${id}`));
      return items.flatMap(({ statusPageId, componentId }, place) =>
        known.has(`${statusPageId} ${componentId}`.toLowerCase()) ? [] : [place],
      );
    },
  };
}

/** Keeps a page from being deleted, and its components from being counted by others, until the transaction ends. */
export async function lockStatusPage(tx: Transaction, organisationId: string, id: string): Promise<boolean> {
  const rows = await tx`
    SELECT id FROM status_pages
    WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
  return rows.length > 0;
}
