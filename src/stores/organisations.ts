import { v7 as uuid } from 'uuid';
import { permissions } from '../domain/access/permission.ts';
import type { Viewer } from '../domain/access/viewer.ts';
import { hashApiKey } from './api-key-text.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { insertTeam } from './teams.ts';
import { isVisibleTo } from './visibility.ts';

export interface Organisation {
  id: string;
  name: string;
  defaultTeamId: string;
  createdAt: string;
}

export interface OrganisationStore {
  /** With its default team, and the settings that every organisation begins with (migrations/0008). */
  create(name: string, tx: Queryable): Promise<Organisation>;
  get(organisationId: string): Promise<Organisation>;
  /** What stays undefined stays as it is. Undefined: the organisation has no such team. */
  update(
    organisationId: string,
    change: { name?: string | undefined; defaultTeamId?: string | undefined },
    tx: Transaction,
  ): Promise<Organisation | undefined>;
  /** How many incidents are open and how many are over, of those that the viewer may see. */
  countIncidents(organisationId: string, viewer: Viewer): Promise<{ active: number; resolved: number }>;
}

export function createOrganisationStore(sql: Sql): OrganisationStore {
  return {
    create: insertOrganisation,

    async get(organisationId) {
      const [row] = await sql<Organisation[]>`
        SELECT id, name, default_team_id, created_at FROM organisations WHERE id = ${organisationId}`;
      if (!row) throw new Error(`Organisation ${organisationId} has a key but no row`);
      return row;
    },

    async update(organisationId, { name, defaultTeamId }, tx) {
      if (defaultTeamId !== undefined) {
        // Whoever deletes the team waits for this, and then sees that it is needed.
        const [team] = await tx`
          SELECT id FROM teams
          WHERE organisation_id = ${organisationId} AND id = ${defaultTeamId} AND deleted_at IS NULL FOR KEY SHARE`;
        if (!team) return undefined;
      }
      const [row] = await tx<Organisation[]>`
        UPDATE organisations SET
          name = coalesce(${name ?? null}, name), default_team_id = coalesce(${defaultTeamId ?? null}::uuid, default_team_id)
        WHERE id = ${organisationId}
        RETURNING id, name, default_team_id, created_at`;
      return row!;
    },

    async countIncidents(organisationId, viewer) {
      const [row] = await sql<{ active: number; resolved: number }[]>`
        SELECT count(*) FILTER (WHERE status <> 'resolved') AS active, count(*) FILTER (WHERE status = 'resolved') AS resolved
        FROM incidents WHERE organisation_id = ${organisationId} AND ${isVisibleTo(sql, viewer, 'incidents')}`;
      return row ?? { active: 0, resolved: 0 };
    },
  };
}

/** Any fixed number: whoever makes or changes the admin key holds this advisory lock. */
const adminKeyLock = 7_226_502;

/**
 * Makes `key` the admin key, and the first organisation when there is none yet. Safe in several processes at once; a
 * key that changed since the last start takes the old one's place.
 */
export async function ensureAdminKey(sql: Sql, key: string): Promise<void> {
  const hash = hashApiKey(key);
  await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${adminKeyLock})`;
    const [admin] = await tx<{ id: string; hash: Uint8Array }[]>`SELECT id, hash FROM api_keys WHERE is_admin`;
    // Somebody chose this key, maybe by a pattern: four characters are all that is shown of it.
    const prefix = key.slice(0, 4);
    if (!admin) {
      const organisation = await insertOrganisation('My organisation', tx);
      await tx`
        INSERT INTO api_keys (id, organisation_id, name, hash, prefix, is_admin, permissions)
        VALUES (${uuid()}, ${organisation.id}, 'Admin key', ${hash}, ${prefix}, true, ${[...permissions]})`;
    } else if (!hash.equals(admin.hash)) {
      await tx`UPDATE api_keys SET hash = ${hash}, prefix = ${prefix} WHERE id = ${admin.id}`;
    }
  });
}

async function insertOrganisation(name: string, tx: Queryable): Promise<Organisation> {
  const id = uuid();
  await tx`INSERT INTO organisations (id, name) VALUES (${id}, ${name})`;
  const team = await insertTeam(tx, id, { name: 'Default team', timeZone: 'UTC' });
  const [row] = await tx<Organisation[]>`
    UPDATE organisations SET default_team_id = ${team.id} WHERE id = ${id}
    RETURNING id, name, default_team_id, created_at`;
  return row!;
}
