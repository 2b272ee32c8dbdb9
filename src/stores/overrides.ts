import { v7 as uuid } from 'uuid';
import { mostOverrides, type Override, type OverrideDraft } from '../domain/schedule/override.ts';
import { lockMember, lockTeam } from './schedules.ts';
import type { Queryable, Sql } from './sql.ts';

/** Why nothing was stored. */
export type OverrideRefusal = 'unknown_team' | 'unknown_member' | 'unknown_replaced_member' | 'full';

export interface OverrideStore {
  create(
    organisationId: string,
    teamId: string,
    draft: OverrideDraft,
    tx: Queryable,
  ): Promise<Override | OverrideRefusal[]>;
  /** Those that stand, the last created first: the order in which they win. */
  list(
    organisationId: string,
    teamId: string,
    page: { limit: number; after?: { createdAt: string; id: string } | undefined },
  ): Promise<Override[]>;
  /** From this moment on; before it, the override counted. False when the team has none such. */
  remove(organisationId: string, teamId: string, id: string, tx: Queryable): Promise<boolean>;
}

export function createOverrideStore(sql: Sql): OverrideStore {
  const columns = sql`id, team_id, member_id, replaces_member_id, since, until, created_at`;

  return {
    async create(organisationId, teamId, draft, tx) {
      const { memberId, replacesMemberId, since, until } = draft;
      if (!(await lockTeam(tx, organisationId, teamId))) return ['unknown_team'];
      const refusals: OverrideRefusal[] = [];
      if (!(await lockMember(tx, organisationId, teamId, memberId))) refusals.push('unknown_member');
      if (replacesMemberId !== null && !(await lockMember(tx, organisationId, teamId, replacesMemberId)))
        refusals.push('unknown_replaced_member');
      if (refusals.length > 0) return refusals;

      const [standing] = await tx<{ count: number }[]>`
        SELECT count(*) FROM overrides
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
          AND until > clock_timestamp() AND deleted_at IS NULL`;
      if (standing!.count >= mostOverrides) return ['full'];
      // Later than any before it, also when the clock was set back: the order decides who wins.
      const [row] = await tx<Override[]>`
        INSERT INTO overrides (id, organisation_id, team_id, member_id, replaces_member_id, since, until, created_at)
        SELECT ${uuid()}, ${organisationId}, ${teamId}, ${memberId}, ${replacesMemberId}::uuid,
          ${since}::text::timestamptz, ${until}::text::timestamptz,
          greatest(clock_timestamp(), max(created_at) + interval '1 microsecond')
        FROM overrides WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
        RETURNING ${columns}`;
      return row!;
    },

    async list(organisationId, teamId, { limit, after }) {
      const rows = await sql<Override[]>`
        SELECT ${columns} FROM overrides
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND deleted_at IS NULL
          ${after ? sql`AND (created_at, id) < (${after.createdAt}::text::timestamptz, ${after.id}::uuid)` : sql``}
        ORDER BY created_at DESC, id DESC LIMIT ${limit}`;
      return [...rows];
    },

    async remove(organisationId, teamId, id, tx) {
      const { count } = await tx`
        UPDATE overrides SET deleted_at = date_trunc('milliseconds', clock_timestamp())
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND id = ${id} AND deleted_at IS NULL`;
      return count > 0;
    },
  };
}
