import { v7 as uuid } from 'uuid';
import type { Assignee } from '../domain/incident/incident.ts';
import { forgetContactMethods } from './contact-methods.ts';
import { type Reference, referencesToMember } from './references.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

export interface Member {
  id: string;
  teamId: string;
  name: string;
  email: string;
  /** Null: the team's. */
  timeZone: string | null;
  createdAt: string;
}

/** What stays undefined stays as it is. */
export type MemberChange = { [Field in 'name' | 'email' | 'timeZone']?: Member[Field] | undefined };

/** Why nothing was stored; `address_taken`: the team has a member with this address, in whatever case. */
export type MemberRefusal = 'unknown_team' | 'unknown_member' | 'address_taken';

/** Deleted members are unknown to every function. */
export interface MemberStore {
  create(
    organisationId: string,
    member: Pick<Member, 'teamId' | 'name' | 'email' | 'timeZone'>,
    tx: Queryable,
  ): Promise<Member | MemberRefusal>;
  get(organisationId: string, id: string): Promise<Member | undefined>;
  /** Of one team, oldest first; `after` is the id of the last one seen. */
  list(organisationId: string, teamId: string, page: { limit: number; after?: string | undefined }): Promise<Member[]>;
  update(
    organisationId: string,
    teamId: string,
    id: string,
    change: MemberChange,
    tx: Transaction,
  ): Promise<Member | MemberRefusal>;
  /**
   * Answers what still refers to the member: only when that is nothing the member is deleted. The name is kept for past
   * shifts, neither addresses nor contact methods are. Undefined: the team has no such member.
   */
  remove(organisationId: string, teamId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
  /** The places in `assignees` that name no team, member or schedule (by its team's id) of the organisation. */
  unknownAssignees(organisationId: string, assignees: Assignee[]): Promise<number[]>;
}

export function createMemberStore(sql: Sql): MemberStore {
  const columns = sql`id, team_id, name, email, time_zone, created_at`;

  return {
    async create(organisationId, { teamId, name, email, timeZone }, tx) {
      const [team] = await tx`
        SELECT id FROM teams
        WHERE organisation_id = ${organisationId} AND id = ${teamId} AND deleted_at IS NULL FOR KEY SHARE`;
      if (!team) return 'unknown_team';
      const [row] = await tx<Member[]>`
        INSERT INTO members (id, organisation_id, team_id, name, email, time_zone)
        VALUES (${uuid()}, ${organisationId}, ${teamId}, ${name}, ${email}, ${timeZone})
        ON CONFLICT (team_id, lower(email)) WHERE deleted_at IS NULL DO NOTHING RETURNING ${columns}`;
      return row ?? 'address_taken';
    },

    async get(organisationId, id) {
      const [row] = await sql<Member[]>`
        SELECT ${columns} FROM members
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    list: (organisationId, teamId, { limit, after }) => sql<Member[]>`
      SELECT ${columns} FROM members
      WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND deleted_at IS NULL
        ${after === undefined ? sql`` : sql`AND id > ${after}`}
      ORDER BY id LIMIT ${limit}`,

    async update(organisationId, teamId, id, { name, email, timeZone }, tx) {
      // Addresses of a team change one at a time, so that a look at them holds until the end.
      await tx`SELECT id FROM teams WHERE organisation_id = ${organisationId} AND id = ${teamId} FOR NO KEY UPDATE`;
      const [member] = await tx`
        SELECT id FROM members
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND id = ${id} AND deleted_at IS NULL
        FOR NO KEY UPDATE`;
      if (!member) return 'unknown_member';
      if (email !== undefined) {
        const [holder] = await tx`
          SELECT id FROM members
          WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND lower(email) = lower(${email})
            AND id <> ${id} AND deleted_at IS NULL`;
        if (holder) return 'address_taken';
      }
      const [row] = await tx<Member[]>`
        UPDATE members SET name = coalesce(${name ?? null}, name), email = coalesce(${email ?? null}, email),
          time_zone = CASE WHEN ${timeZone === undefined} THEN time_zone ELSE ${timeZone ?? null} END
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${columns}`;
      return row!;
    },

    async remove(organisationId, teamId, id, tx) {
      // Whoever is giving the member a duty holds the row (FOR KEY SHARE), so this waits for them.
      const [member] = await tx`
        SELECT id FROM members
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND id = ${id} AND deleted_at IS NULL
        FOR UPDATE`;
      if (!member) return undefined;
      const references = await referencesToMember(tx, organisationId, id);
      if (references.length === 0) {
        await forgetContactMethods(tx, organisationId, id);
        await tx`
          UPDATE members SET deleted_at = now(), email = ''
          WHERE organisation_id = ${organisationId} AND id = ${id}`;
      }
      return references;
    },

    async unknownAssignees(organisationId, assignees) {
      if (assignees.length === 0) return [];
      const ids = assignees.map((assignee) => assignee.id);
      const known = await sql<Assignee[]>`
        SELECT 'team' AS type, id FROM teams
        WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[]) AND deleted_at IS NULL
        UNION ALL
        SELECT 'member', id FROM members
        WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[]) AND deleted_at IS NULL`;
      const found = new Set(known.map(({ type, id }) => `${type} ${id}`));
      return assignees.flatMap(({ type, id }, index) => {
        const row = `${type === 'schedule' ? 'team' : type} ${id.toLowerCase()}`;
        return found.has(row) ? [] : [index];
      });
    },
  };
}
