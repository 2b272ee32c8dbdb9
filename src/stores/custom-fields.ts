import { v7 as uuid } from 'uuid';
import type { CustomFieldOption } from './custom-field-options.ts';
import { lockSettings, settingRefusal, type SettingRefusal } from './settings.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

export const customFieldTypes = ['single_select', 'multi_select', 'text', 'link', 'numeric'] as const;
export type CustomFieldType = (typeof customFieldTypes)[number];

/** When an incident has to have it. Nothing is refused for want of one: it is what forms ask for. */
export const customFieldRequirements = ['never', 'before_resolution', 'always'] as const;

/** A custom field of incident.io's API. */
export interface CustomField {
  id: string;
  name: string;
  description: string;
  /** Never changes: incidents have values of it. */
  fieldType: CustomFieldType;
  required: (typeof customFieldRequirements)[number];
  showBeforeCreation: boolean;
  showBeforeClosure: boolean;
  showBeforeUpdate: boolean;
  showInAnnouncementPost: boolean;
  /** By their sort keys. */
  options: CustomFieldOption[];
  createdAt: string;
  updatedAt: string;
}

type Draft = Omit<CustomField, 'id' | 'options' | 'createdAt' | 'updatedAt'>;

/** Deleted fields are unknown to every function. Incidents keep their values unseen. */
export interface CustomFieldStore {
  /** Oldest first. */
  list(organisationId: string): Promise<CustomField[]>;
  get(organisationId: string, id: string): Promise<CustomField | undefined>;
  /** Those of `ids` that there are, in no order, with deleted options too, for incidents keep those. */
  byIds(organisationId: string, ids: string[]): Promise<CustomField[]>;
  create(organisationId: string, field: Draft, tx: Transaction): Promise<CustomField | SettingRefusal>;
  /** What stays undefined stays as it is. */
  update(
    organisationId: string,
    id: string,
    change: { [Field in keyof Omit<Draft, 'fieldType'>]?: Draft[Field] | undefined },
    tx: Transaction,
  ): Promise<CustomField | SettingRefusal>;
  /** False: there is no such one. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<boolean>;
}

export function createCustomFieldStore(sql: Sql): CustomFieldStore {
  return {
    list: (organisationId) => read(sql, organisationId, sql`true`),

    async get(organisationId, id) {
      return (await read(sql, organisationId, sql`f.id = ${id}`))[0];
    },

    byIds: (organisationId, ids) => read(sql, organisationId, sql`f.id = ANY(${ids}::uuid[])`, sql`true`),

    async create(organisationId, field, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'custom_fields', { id: null, name: field.name });
      if (refusal) return refusal;
      const id = uuid();
      await tx`
        INSERT INTO custom_fields (id, organisation_id, name, description, field_type, required, show_before_creation,
          show_before_closure, show_before_update, show_in_announcement_post)
        VALUES (${id}, ${organisationId}, ${field.name}, ${field.description}, ${field.fieldType}, ${field.required},
          ${field.showBeforeCreation}, ${field.showBeforeClosure}, ${field.showBeforeUpdate}, ${field.showInAnnouncementPost})`;
      return (await read(tx, organisationId, tx`f.id = ${id}`))[0]!;
    },

    async update(organisationId, id, change, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'custom_fields', { id, name: change.name });
      if (refusal) return refusal;
      await tx`
        UPDATE custom_fields SET name = coalesce(${change.name ?? null}, name),
          description = coalesce(${change.description ?? null}, description),
          required = coalesce(${change.required ?? null}, required),
          show_before_creation = coalesce(${change.showBeforeCreation ?? null}::boolean, show_before_creation),
          show_before_closure = coalesce(${change.showBeforeClosure ?? null}::boolean, show_before_closure),
          show_before_update = coalesce(${change.showBeforeUpdate ?? null}::boolean, show_before_update),
          show_in_announcement_post =
            coalesce(${change.showInAnnouncementPost ?? null}::boolean, show_in_announcement_post),
          updated_at = now()
        WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return (await read(tx, organisationId, tx`f.id = ${id}`))[0]!;
    },

    async remove(organisationId, id, tx) {
      await lockSettings(tx, organisationId);
      const { count } = await tx`
        UPDATE custom_fields SET deleted_at = now()
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return count > 0;
    },
  };
}

type Fragment = ReturnType<Queryable>;

async function read(
  sql: Queryable,
  organisationId: string,
  which: Fragment,
  whichOptions: Fragment = sql`o.deleted_at IS NULL`,
): Promise<CustomField[]> {
  return sql<CustomField[]>`
    SELECT f.id, f.name, f.description, f.field_type, f.required, f.show_before_creation, f.show_before_closure,
      f.show_before_update, f.show_in_announcement_post, f.created_at, f.updated_at, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'customFieldId', o.custom_field_id, 'value', o.value,
          'sortKey', o.sort_key, 'isDeleted', o.deleted_at IS NOT NULL) ORDER BY o.sort_key, o.id), '[]')
        FROM custom_field_options o
        WHERE o.organisation_id = f.organisation_id AND o.custom_field_id = f.id AND ${whichOptions}) AS options
    FROM custom_fields f
    WHERE f.organisation_id = ${organisationId} AND f.deleted_at IS NULL AND ${which}
    ORDER BY f.created_at, f.id`;
}
