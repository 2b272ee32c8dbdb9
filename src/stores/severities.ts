import { v7 as uuid } from 'uuid';
import { lockSettings, settingRefusal, type SettingRefusal } from './settings.ts';
import type { Sql, Transaction } from './sql.ts';

/** A severity of incident.io's API. An incident has one as its label, and by its id as long as one has that name. */
export interface Severity {
  id: string;
  name: string;
  description: string;
  /** The higher, the more severe. */
  rank: number;
  createdAt: string;
  updatedAt: string;
}

export const highestRank = 1_000_000_000;

export interface SeverityStore {
  /** The least severe first. */
  list(organisationId: string): Promise<Severity[]>;
  get(organisationId: string, id: string): Promise<Severity | undefined>;
  /** Those of `ids` that there are, in no order. */
  byIds(organisationId: string, ids: string[]): Promise<Severity[]>;
  /** Without a rank it is the most severe. Incidents that have its name as their label have it from then on. */
  create(
    organisationId: string,
    severity: { name: string; description: string; rank?: number | undefined },
    tx: Transaction,
  ): Promise<Severity | SettingRefusal>;
  /** What stays undefined stays as it is. Incidents that have it get the new name as their label. */
  update(
    organisationId: string,
    id: string,
    change: { name?: string | undefined; description?: string | undefined; rank?: number | undefined },
    tx: Transaction,
  ): Promise<Severity | SettingRefusal>;
  /** Incidents keep its name as their label. False: there is no such one. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<boolean>;
}

export function createSeverityStore(sql: Sql): SeverityStore {
  const columns = sql`id, name, description, rank, created_at, updated_at`;

  return {
    list: (organisationId) => sql<Severity[]>`
      SELECT ${columns} FROM severities WHERE organisation_id = ${organisationId} ORDER BY rank, id`,

    async get(organisationId, id) {
      const [row] = await sql<Severity[]>`
        SELECT ${columns} FROM severities WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },

    byIds: (organisationId, ids) => sql<Severity[]>`
      SELECT ${columns} FROM severities WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[])`,

    async create(organisationId, { name, description, rank }, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'severities', { id: null, name });
      if (refusal) return refusal;
      const [row] = await tx<Severity[]>`
        INSERT INTO severities (id, organisation_id, name, description, rank)
        SELECT ${uuid()}, ${organisationId}, ${name}, ${description},
          coalesce(${rank ?? null}::integer, (
            SELECT least(coalesce(max(rank), 0) + 1, ${highestRank}) FROM severities WHERE organisation_id = ${organisationId}))
        RETURNING ${columns}`;
      await linkIncidents(tx, organisationId, row!);
      return row!;
    },

    async update(organisationId, id, { name, description, rank }, tx) {
      await lockSettings(tx, organisationId);
      const refusal = await settingRefusal(tx, organisationId, 'severities', { id, name });
      if (refusal) return refusal;
      // Incidents come first: whoever stores one that gets a severity has its row, and then looks for that.
      if (name !== undefined)
        await tx`
          SELECT count(*) FROM (
            SELECT FROM incidents WHERE organisation_id = ${organisationId} AND severity_id = ${id} AND severity <> ${name}
            ORDER BY id FOR NO KEY UPDATE) AS locked`;
      const [row] = await tx<Severity[]>`
        UPDATE severities SET name = coalesce(${name ?? null}, name),
          description = coalesce(${description ?? null}, description), rank = coalesce(${rank ?? null}::integer, rank),
          updated_at = now()
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${columns}`;
      await tx`
        UPDATE incidents SET severity = ${row!.name}
        WHERE organisation_id = ${organisationId} AND severity_id = ${id} AND severity <> ${row!.name}`;
      await linkIncidents(tx, organisationId, row!);
      return row!;
    },

    async remove(organisationId, id, tx) {
      await lockSettings(tx, organisationId);
      const { count } = await tx`DELETE FROM severities WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return count > 0;
    },
  };
}

/** Those that have its name as their label, from a time when no severity had it. */
async function linkIncidents(tx: Transaction, organisationId: string, { id, name }: Severity): Promise<void> {
  await tx`
    UPDATE incidents SET severity_id = ${id}
    WHERE organisation_id = ${organisationId} AND severity_id IS NULL AND lower(severity) = lower(${name})`;
}
