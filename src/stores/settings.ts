import type { Queryable, Transaction } from './sql.ts';

/** Of each kind of setting, an organisation has at most so many that are not deleted. */
export const mostSettings = 200;

/** Why a setting could not be stored: another of its kind has the name, in capital or small letters; there is no room. */
export type SettingRefusal = 'name_taken' | 'limit_reached' | 'unknown';

type Table = 'severities' | 'custom_fields' | 'incident_roles' | 'incident_statuses' | 'incident_types';

/**
 * Settings of an organisation change one at a time: what is seen of names, ranks and numbers after this holds until the
 * transaction ends. Incidents go on meanwhile.
 */
export async function lockSettings(tx: Transaction, organisationId: string): Promise<void> {
  await tx`SELECT id FROM organisations WHERE id = ${organisationId} FOR NO KEY UPDATE`;
}

/** Marks one as deleted, for the incidents that name it; its default an organisation keeps. */
export async function removeUnlessDefault(
  tx: Transaction,
  organisationId: string,
  table: 'incident_statuses' | 'incident_types',
  id: string,
): Promise<'removed' | 'default' | 'unknown'> {
  await lockSettings(tx, organisationId);
  const [row] = await tx<{ isDefault: boolean }[]>`
    UPDATE ${tx(table)} SET deleted_at = CASE WHEN is_default THEN NULL ELSE now() END
    WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
    RETURNING is_default`;
  if (!row) return 'unknown';
  return row.isDefault ? 'default' : 'removed';
}

/**
 * Lock the settings first. `id` is that of the setting that shall have the name, or keep its own if none is given; null: a
 * new one.
 */
export async function settingRefusal(
  tx: Queryable,
  organisationId: string,
  table: Table,
  { id, name }: { id: string | null; name: string | undefined },
): Promise<SettingRefusal | undefined> {
  // Deleted severities are gone; the others' rows stay for the incidents that name them.
  const isThere = table === 'severities' ? tx`true` : tx`deleted_at IS NULL`;
  const [found] = await tx<{ all: number; own: number; named: number }[]>`
    SELECT count(*) AS all, count(*) FILTER (WHERE id = ${id}) AS own,
      count(*) FILTER (WHERE lower(name) = lower(${name ?? null}) AND id IS DISTINCT FROM ${id}) AS named
    FROM ${tx(table)} WHERE organisation_id = ${organisationId} AND ${isThere}`;
  if (id !== null && found!.own === 0) return 'unknown';
  if (found!.named > 0) return 'name_taken';
  return id === null && found!.all >= mostSettings ? 'limit_reached' : undefined;
}
