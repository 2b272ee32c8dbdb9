import { v7 as uuid } from 'uuid';
import { lockSettings, settingRefusal, type SettingRefusal } from './settings.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

/** A role of incident.io's API, which a member can have in an incident. */
export interface IncidentRole {
  id: string;
  name: string;
  description: string;
  /** For whoever gets the role. */
  instructions: string;
  /** A short name, as commands in a chat use it. */
  shortform: string;
  /** Of `lead` and `reporter` there is exactly one. */
  roleType: 'lead' | 'reporter' | 'custom';
  required: boolean;
  createdAt: string;
  updatedAt: string;
}

type Draft = Pick<IncidentRole, 'name' | 'description' | 'instructions' | 'shortform' | 'required'>;

/** Deleted roles are unknown to every function but `byIds`. */
export interface IncidentRoleStore {
  /** Lead, reporter, then the others, oldest first. */
  list(organisationId: string): Promise<IncidentRole[]>;
  get(organisationId: string, id: string): Promise<IncidentRole | undefined>;
  /** Those of `ids` that there are or were, in no order: a deleted role stays with the incidents it was given in. */
  byIds(organisationId: string, ids: string[]): Promise<(IncidentRole & { isDeleted: boolean })[]>;
  create(
    organisationId: string,
    role: Draft,
    tx: Transaction,
  ): Promise<IncidentRole | SettingRefusal | 'shortform_taken'>;
  /** What stays undefined stays as it is. */
  update(
    organisationId: string,
    id: string,
    change: { [Field in keyof Draft]?: Draft[Field] | undefined },
    tx: Transaction,
  ): Promise<IncidentRole | SettingRefusal | 'shortform_taken'>;
  /** Only custom roles go. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<'removed' | 'built_in' | 'unknown'>;
}

export function createIncidentRoleStore(sql: Sql): IncidentRoleStore {
  const columns = sql`id, name, description, instructions, shortform, role_type, required, created_at, updated_at`;

  return {
    list: (organisationId) => sql<IncidentRole[]>`
      SELECT ${columns} FROM incident_roles
      WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
      ORDER BY array_position(ARRAY['lead', 'reporter', 'custom'], role_type), created_at, id`,

    async get(organisationId, id) {
      const [row] = await sql<IncidentRole[]>`
        SELECT ${columns} FROM incident_roles
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    byIds: (organisationId, ids) => sql<(IncidentRole & { isDeleted: boolean })[]>`
      SELECT ${columns}, deleted_at IS NOT NULL AS is_deleted FROM incident_roles
      WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[])`,

    async create(organisationId, role, tx) {
      const refusal = await refusalOf(tx, organisationId, null, role);
      if (refusal) return refusal;
      const [row] = await tx<IncidentRole[]>`
        INSERT INTO incident_roles (id, organisation_id, name, description, instructions, shortform, required)
        VALUES (${uuid()}, ${organisationId}, ${role.name}, ${role.description}, ${role.instructions}, ${role.shortform},
          ${role.required})
        RETURNING ${columns}`;
      return row!;
    },

    async update(organisationId, id, change, tx) {
      const refusal = await refusalOf(tx, organisationId, id, change);
      if (refusal) return refusal;
      const { name, description, instructions, shortform, required } = change;
      const [row] = await tx<IncidentRole[]>`
        UPDATE incident_roles SET name = coalesce(${name ?? null}, name),
          description = coalesce(${description ?? null}, description),
          instructions = coalesce(${instructions ?? null}, instructions),
          shortform = coalesce(${shortform ?? null}, shortform), required = coalesce(${required ?? null}::boolean, required),
          updated_at = now()
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${columns}`;
      return row!;
    },

    async remove(organisationId, id, tx) {
      await lockSettings(tx, organisationId);
      const [row] = await tx<{ roleType: IncidentRole['roleType'] }[]>`
        UPDATE incident_roles SET deleted_at = CASE WHEN role_type = 'custom' THEN now() END
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
        RETURNING role_type`;
      if (!row) return 'unknown';
      return row.roleType === 'custom' ? 'removed' : 'built_in';
    },
  };
}

async function refusalOf(
  tx: Transaction,
  organisationId: string,
  id: string | null,
  { name, shortform }: { name?: string | undefined; shortform?: string | undefined },
): Promise<SettingRefusal | 'shortform_taken' | undefined> {
  await lockSettings(tx, organisationId);
  const refusal = await settingRefusal(tx, organisationId, 'incident_roles', { id, name });
  if (refusal || shortform === undefined) return refusal;
  return (await isShortformTaken(tx, organisationId, id, shortform)) ? 'shortform_taken' : undefined;
}

async function isShortformTaken(tx: Queryable, organisationId: string, id: string | null, shortform: string) {
  const found = await tx`
    SELECT id FROM incident_roles
    WHERE organisation_id = ${organisationId} AND lower(shortform) = lower(${shortform}) AND id IS DISTINCT FROM ${id}
      AND deleted_at IS NULL`;
  return found.length > 0;
}
