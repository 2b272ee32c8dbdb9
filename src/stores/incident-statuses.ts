import { v7 as uuid } from 'uuid';
import type { StatusCategory } from '../domain/incident/status-category.ts';
import { lockSettings, removeUnlessDefault, settingRefusal, type SettingRefusal } from './settings.ts';
import type { Sql, Transaction } from './sql.ts';

/** A status of incident.io's API: a name within a category, which says what our own status is (`coreStatusOf`). */
export interface IncidentStatus {
  id: string;
  name: string;
  description: string;
  category: StatusCategory;
  rank: number;
  /** What an incident of its category has as long as nobody says otherwise. */
  isDefault: boolean;
  createdAt: string;
  updatedAt: string;
}

/** Deleted statuses are unknown to every function: incidents that had one show the default of its category. */
export interface IncidentStatusStore {
  /** In the order in which an incident goes through them. */
  list(organisationId: string): Promise<IncidentStatus[]>;
  get(organisationId: string, id: string): Promise<IncidentStatus | undefined>;
  /** Of triage, live, closed and merged there is always one. */
  defaultOf(organisationId: string, category: StatusCategory): Promise<IncidentStatus | undefined>;
  /** The last in order. */
  create(
    organisationId: string,
    status: Pick<IncidentStatus, 'name' | 'description' | 'category'>,
    tx: Transaction,
  ): Promise<IncidentStatus | SettingRefusal>;
  /** What stays undefined stays as it is. */
  update(
    organisationId: string,
    id: string,
    change: { name?: string | undefined; description?: string | undefined },
    tx: Transaction,
  ): Promise<IncidentStatus | SettingRefusal>;
  /** Defaults stay. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<'removed' | 'default' | 'unknown'>;
}

export function createIncidentStatusStore(sql: Sql): IncidentStatusStore {
  const columns = sql`id, name, description, category, rank, is_default, created_at, updated_at`;

  return {
    list: (organisationId) => sql<IncidentStatus[]>`
      SELECT ${columns} FROM incident_statuses
      WHERE organisation_id = ${organisationId} AND deleted_at IS NULL ORDER BY rank, id`,

    async get(organisationId, id) {
      const [row] = await sql<IncidentStatus[]>`
        SELECT ${columns} FROM incident_statuses
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    async defaultOf(organisationId, category) {
      const [row] = await sql<IncidentStatus[]>`
        SELECT ${columns} FROM incident_statuses
        WHERE organisation_id = ${organisationId} AND category = ${category} AND is_default`;
      return row;
    },

    async create(organisationId, { name, description, category }, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'incident_statuses', { id: null, name });
      if (refusal) return refusal;
      const [row] = await tx<IncidentStatus[]>`
        INSERT INTO incident_statuses (id, organisation_id, name, description, category, rank)
        SELECT ${uuid()}, ${organisationId}, ${name}, ${description}, ${category}, coalesce(max(rank), 0) + 1
        FROM incident_statuses WHERE organisation_id = ${organisationId}
        RETURNING ${columns}`;
      return row!;
    },

    async update(organisationId, id, { name, description }, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'incident_statuses', { id, name });
      if (refusal) return refusal;
      const [row] = await tx<IncidentStatus[]>`
        UPDATE incident_statuses SET name = coalesce(${name ?? null}, name),
          description = coalesce(${description ?? null}, description), updated_at = now()
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${columns}`;
      return row!;
    },

    remove: (organisationId, id, tx) => removeUnlessDefault(tx, organisationId, 'incident_statuses', id),
  };
}
