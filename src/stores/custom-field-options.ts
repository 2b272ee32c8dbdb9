import { v7 as uuid } from 'uuid';
import { lockSettings } from './settings.ts';
import type { Sql, Transaction } from './sql.ts';

/** One choice of a custom field of the types single_select and multi_select. */
export interface CustomFieldOption {
  id: string;
  customFieldId: string;
  value: string;
  sortKey: number;
  /** It can be chosen no more; incidents that have it keep it. */
  isDeleted: boolean;
}

/** Of one field, without those that were deleted. */
export const mostOptions = 1_000;
export const highestSortKey = 1_000_000_000;

/** Options that were deleted, and those of deleted fields, are unknown to every function. */
export interface CustomFieldOptionStore {
  get(organisationId: string, id: string): Promise<CustomFieldOption | undefined>;
  /** Of one field, by their sort keys, behind the option `after`. Undefined: the field never had that option. */
  list(
    organisationId: string,
    customFieldId: string,
    page: { limit: number; after?: string | undefined },
  ): Promise<CustomFieldOption[] | undefined>;
  /** Without a sort key it is the last. */
  create(
    organisationId: string,
    option: { customFieldId: string; value: string; sortKey?: number | undefined },
    tx: Transaction,
  ): Promise<CustomFieldOption | 'unknown_field' | 'no_select' | 'value_taken' | 'full'>;
  /** What stays undefined stays as it is. Incidents that have it show its new value. */
  update(
    organisationId: string,
    id: string,
    change: { value?: string | undefined; sortKey?: number | undefined },
    tx: Transaction,
  ): Promise<CustomFieldOption | 'unknown' | 'value_taken'>;
  /** False: there is no such one. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<boolean>;
}

export function createCustomFieldOptionStore(sql: Sql): CustomFieldOptionStore {
  const columns = sql`o.id, o.custom_field_id, o.value, o.sort_key, o.deleted_at IS NOT NULL AS is_deleted`;
  const own = (organisationId: string, id: string) => sql`
    o.organisation_id = ${organisationId} AND o.id = ${id} AND o.deleted_at IS NULL AND EXISTS (
      SELECT FROM custom_fields f
      WHERE f.organisation_id = o.organisation_id AND f.id = o.custom_field_id AND f.deleted_at IS NULL)`;

  return {
    async get(organisationId, id) {
      const [row] = await sql<CustomFieldOption[]>`
        SELECT ${columns} FROM custom_field_options o WHERE ${own(organisationId, id)}`;
      return row;
    },

    async list(organisationId, customFieldId, { limit, after }) {
      // One that was deleted since the page before still says where that ended.
      const [last] =
        after === undefined
          ? []
          : await sql<{ sortKey: number; id: string }[]>`
              SELECT sort_key, id FROM custom_field_options
              WHERE organisation_id = ${organisationId} AND custom_field_id = ${customFieldId} AND id = ${after}`;
      if (after !== undefined && !last) return undefined;
      return sql<CustomFieldOption[]>`
        SELECT ${columns} FROM custom_field_options o
        WHERE o.organisation_id = ${organisationId} AND o.custom_field_id = ${customFieldId} AND o.deleted_at IS NULL
          ${last ? sql`AND (o.sort_key, o.id) > (${last.sortKey}::integer, ${last.id}::uuid)` : sql``}
        ORDER BY o.sort_key, o.id LIMIT ${limit}`;
    },

    async create(organisationId, { customFieldId, value, sortKey }, tx) {
      await lockSettings(tx, organisationId);
      const [field] = await tx<{ fieldType: string }[]>`
        SELECT field_type FROM custom_fields
        WHERE organisation_id = ${organisationId} AND id = ${customFieldId} AND deleted_at IS NULL`;
      if (!field) return 'unknown_field';
      if (!field.fieldType.endsWith('_select')) return 'no_select';
      const [there] = await tx<{ all: number; last: number; named: number }[]>`
        SELECT count(*) AS all, coalesce(max(sort_key), 0) AS last,
          count(*) FILTER (WHERE lower(value) = lower(${value})) AS named
        FROM custom_field_options
        WHERE organisation_id = ${organisationId} AND custom_field_id = ${customFieldId} AND deleted_at IS NULL`;
      if (there!.named > 0) return 'value_taken';
      if (there!.all >= mostOptions) return 'full';
      const [row] = await tx<CustomFieldOption[]>`
        INSERT INTO custom_field_options AS o (id, organisation_id, custom_field_id, value, sort_key)
        VALUES (${uuid()}, ${organisationId}, ${customFieldId}, ${value}, ${sortKey ?? Math.min(there!.last + 10, highestSortKey)})
        RETURNING ${columns}`;
      return row!;
    },

    async update(organisationId, id, { value, sortKey }, tx) {
      await lockSettings(tx, organisationId);
      const [before] = await tx<CustomFieldOption[]>`
        SELECT ${columns} FROM custom_field_options o WHERE ${own(organisationId, id)}`;
      if (!before) return 'unknown';
      const named = await tx`
        SELECT id FROM custom_field_options
        WHERE organisation_id = ${organisationId} AND custom_field_id = ${before.customFieldId} AND id <> ${id}
          AND lower(value) = lower(${value ?? null}) AND deleted_at IS NULL`;
      if (named.length > 0) return 'value_taken';
      const [row] = await tx<CustomFieldOption[]>`
        UPDATE custom_field_options o SET value = coalesce(${value ?? null}, o.value),
          sort_key = coalesce(${sortKey ?? null}::integer, o.sort_key), updated_at = now()
        WHERE o.organisation_id = ${organisationId} AND o.id = ${id}
        RETURNING ${columns}`;
      return row!;
    },

    async remove(organisationId, id, tx) {
      await lockSettings(tx, organisationId);
      const { count } = await tx`
        UPDATE custom_field_options o SET deleted_at = now() WHERE ${own(organisationId, id)}`;
      return count > 0;
    },
  };
}
