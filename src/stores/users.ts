import type { Sql } from './sql.ts';

/** A member of whatever team, as incident.io's API shows its users. Whoever is in two teams is two. */
export interface User {
  id: string;
  name: string;
  email: string;
}

/** Deleted members are unknown to every function. */
export interface UserStore {
  /** Oldest first; `after` is the id of the last one seen. `email` in whatever case. Undefined: there is no such one. */
  list(
    organisationId: string,
    filter: { email?: string | undefined },
    page: { limit: number; after?: string | undefined },
  ): Promise<User[] | undefined>;
  get(organisationId: string, id: string): Promise<User | undefined>;
  /** Whoever has one of these ids or addresses (in small letters), oldest first. */
  among(organisationId: string, ids: string[], emails: string[]): Promise<User[]>;
}

export function createUserStore(sql: Sql): UserStore {
  async function get(organisationId: string, id: string): Promise<User | undefined> {
    const [row] = await sql<User[]>`
      SELECT id, name, email FROM members
      WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
    return row;
  }

  return {
    get,

    async list(organisationId, { email }, { limit, after }) {
      if (after !== undefined && !(await get(organisationId, after))) return undefined;
      return sql<User[]>`
        SELECT id, name, email FROM members
        WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
          ${email === undefined ? sql`` : sql`AND lower(email) = lower(${email})`}
          ${after === undefined ? sql`` : sql`AND id > ${after}`}
        ORDER BY id LIMIT ${limit}`;
    },

    among: (organisationId, ids, emails) => sql<User[]>`
      SELECT id, name, email FROM members
      WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
        AND (id = ANY(${ids}::uuid[]) OR lower(email) = ANY(${emails}))
      ORDER BY id`,
  };
}
