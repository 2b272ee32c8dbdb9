import { v7 as uuid } from 'uuid';
import type { Assignee } from '../domain/incident/incident.ts';
import type { Queryable, Sql } from './sql.ts';

export interface Member {
  id: string;
  teamId: string;
  name: string;
  email: string;
  /** Null: the team's. */
  timeZone: string | null;
  createdAt: string;
}

export interface MemberStore {
  /** Undefined when the team has a member with this address already, in whatever case. */
  create(
    organisationId: string,
    member: Pick<Member, 'teamId' | 'name' | 'email' | 'timeZone'>,
    tx: Queryable,
  ): Promise<Member | undefined>;
  get(organisationId: string, id: string): Promise<Member | undefined>;
  /** Of one team, oldest first; `after` is the id of the last one seen. */
  list(organisationId: string, teamId: string, page: { limit: number; after?: string | undefined }): Promise<Member[]>;
  /** The places in `assignees` that name no team or member of the organisation. */
  unknownAssignees(organisationId: string, assignees: Assignee[]): Promise<number[]>;
}

export function createMemberStore(sql: Sql): MemberStore {
  const columns = sql`id, team_id, name, email, time_zone, created_at`;

  return {
    async create(organisationId, { teamId, name, email, timeZone }, tx) {
      const [row] = await tx<Member[]>`
        INSERT INTO members (id, organisation_id, team_id, name, email, time_zone)
        VALUES (${uuid()}, ${organisationId}, ${teamId}, ${name}, ${email}, ${timeZone})
        ON CONFLICT (team_id, lower(email)) DO NOTHING RETURNING ${columns}`;
      return row;
    },

    async get(organisationId, id) {
      const [row] = await sql<Member[]>`
        SELECT ${columns} FROM members WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },

    list: (organisationId, teamId, { limit, after }) => sql<Member[]>`
      SELECT ${columns} FROM members
      WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
        ${after === undefined ? sql`` : sql`AND id > ${after}`}
      ORDER BY id LIMIT ${limit}`,

    async unknownAssignees(organisationId, assignees) {
      if (assignees.length === 0) return [];
      const ids = assignees.map((assignee) => assignee.id);
      const known = await sql<Assignee[]>`
        SELECT 'team' AS type, id FROM teams WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[])
        UNION ALL
        SELECT 'member', id FROM members WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[])`;
      const found = new Set(known.map(({ type, id }) => `${type} ${id}`));
      return assignees.flatMap(({ type, id }, index) => (found.has(`${type} ${id.toLowerCase()}`) ? [] : [index]));
    },
  };
}
