import { v7 as uuid } from 'uuid';
import { lockSettings, removeUnlessDefault, settingRefusal, type SettingRefusal } from './settings.ts';
import type { Sql, Transaction } from './sql.ts';

/** A type of incident.io's API. An incident without one is of the default type. */
export interface IncidentType {
  id: string;
  name: string;
  description: string;
  /** Exactly one is. */
  isDefault: boolean;
  /** Its incidents are private from the start. */
  privateIncidentsOnly: boolean;
  /** Whether its incidents begin in triage whatever is asked for. */
  createInTriage: 'always' | 'optional';
  createdAt: string;
  updatedAt: string;
}

type Draft = Pick<IncidentType, 'name' | 'description' | 'isDefault' | 'privateIncidentsOnly' | 'createInTriage'>;

/** Deleted types are unknown to every function but `byIds`. */
export interface IncidentTypeStore {
  /** The default first, then oldest first. */
  list(organisationId: string): Promise<IncidentType[]>;
  get(organisationId: string, id: string): Promise<IncidentType | undefined>;
  /** Those of `ids` that there are or were, in no order: incidents of a deleted type stay of it. */
  byIds(organisationId: string, ids: string[]): Promise<(IncidentType & { isDeleted: boolean })[]>;
  defaultOf(organisationId: string): Promise<IncidentType>;
  /** As default it takes the place of the one before. */
  create(organisationId: string, type: Draft, tx: Transaction): Promise<IncidentType | SettingRefusal>;
  /** What stays undefined stays as it is. The default stops being that only when another becomes it. */
  update(
    organisationId: string,
    id: string,
    change: { [Field in keyof Draft]?: Draft[Field] | undefined },
    tx: Transaction,
  ): Promise<IncidentType | SettingRefusal | 'default'>;
  /** The default stays. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<'removed' | 'default' | 'unknown'>;
}

export function createIncidentTypeStore(sql: Sql): IncidentTypeStore {
  const columns = sql`
    id, name, description, is_default, private_incidents_only, create_in_triage, created_at, updated_at`;

  return {
    list: (organisationId) => sql<IncidentType[]>`
      SELECT ${columns} FROM incident_types
      WHERE organisation_id = ${organisationId} AND deleted_at IS NULL ORDER BY is_default DESC, created_at, id`,

    async get(organisationId, id) {
      const [row] = await sql<IncidentType[]>`
        SELECT ${columns} FROM incident_types
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    byIds: (organisationId, ids) => sql<(IncidentType & { isDeleted: boolean })[]>`
      SELECT ${columns}, deleted_at IS NOT NULL AS is_deleted FROM incident_types
      WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[])`,

    async defaultOf(organisationId) {
      const [row] = await sql<IncidentType[]>`
        SELECT ${columns} FROM incident_types WHERE organisation_id = ${organisationId} AND is_default`;
      if (!row) throw new Error(`Organisation ${organisationId} has no default type of incident`);
      return row;
    },

    async create(organisationId, draft, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'incident_types', { id: null, name: draft.name });
      if (refusal) return refusal;
      if (draft.isDefault) await withoutDefault(tx, organisationId);
      const [row] = await tx<IncidentType[]>`
        INSERT INTO incident_types (id, organisation_id, name, description, is_default, private_incidents_only, create_in_triage)
        VALUES (${uuid()}, ${organisationId}, ${draft.name}, ${draft.description}, ${draft.isDefault},
          ${draft.privateIncidentsOnly}, ${draft.createInTriage})
        RETURNING ${columns}`;
      return row!;
    },

    async update(organisationId, id, { name, description, isDefault, privateIncidentsOnly, createInTriage }, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'incident_types', { id, name });
      if (refusal) return refusal;
      const [before] = await tx<{ isDefault: boolean }[]>`
        SELECT is_default FROM incident_types WHERE organisation_id = ${organisationId} AND id = ${id}`;
      if (isDefault === false && before!.isDefault) return 'default';
      if (isDefault && !before!.isDefault) await withoutDefault(tx, organisationId);
      const [row] = await tx<IncidentType[]>`
        UPDATE incident_types SET name = coalesce(${name ?? null}, name),
          description = coalesce(${description ?? null}, description),
          is_default = coalesce(${isDefault ?? null}::boolean, is_default),
          private_incidents_only = coalesce(${privateIncidentsOnly ?? null}::boolean, private_incidents_only),
          create_in_triage = coalesce(${createInTriage ?? null}, create_in_triage), updated_at = now()
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${columns}`;
      return row!;
    },

    remove: (organisationId, id, tx) => removeUnlessDefault(tx, organisationId, 'incident_types', id),
  };
}

/** Another becomes it in the same transaction. */
async function withoutDefault(tx: Transaction, organisationId: string): Promise<void> {
  await tx`
    UPDATE incident_types SET is_default = false, updated_at = now()
    WHERE organisation_id = ${organisationId} AND is_default`;
}
