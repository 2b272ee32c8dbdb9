import { v7 as uuid } from 'uuid';
import type { Queryable, Sql } from './sql.ts';

export interface Team {
  id: string;
  number: number;
  name: string;
  timeZone: string;
  createdAt: string;
}

export interface TeamStore {
  create(organisationId: string, team: Pick<Team, 'name' | 'timeZone'>, tx: Queryable): Promise<Team>;
  get(organisationId: string, id: string): Promise<Team | undefined>;
  /** In the order of their numbers, from the one after `after`. */
  list(organisationId: string, page: { limit: number; after?: number | undefined }): Promise<Team[]>;
}

export function createTeamStore(sql: Sql): TeamStore {
  return {
    create: (organisationId, team, tx) => insertTeam(tx, organisationId, team),

    async get(organisationId, id) {
      const [row] = await sql<Team[]>`
        SELECT id, number, name, time_zone, created_at FROM teams
        WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },

    list: (organisationId, { limit, after = 0 }) => sql<Team[]>`
      SELECT id, number, name, time_zone, created_at FROM teams
      WHERE organisation_id = ${organisationId} AND number > ${after} ORDER BY number LIMIT ${limit}`,
  };
}

export async function insertTeam(
  tx: Queryable,
  organisationId: string,
  team: Pick<Team, 'name' | 'timeZone'>,
): Promise<Team> {
  const number = await nextNumber(tx, organisationId, 'team');
  const [row] = await tx<Team[]>`
    INSERT INTO teams (id, organisation_id, number, name, time_zone)
    VALUES (${uuid()}, ${organisationId}, ${number}, ${team.name}, ${team.timeZone})
    RETURNING id, number, name, time_zone, created_at`;
  return row!;
}

/** Takes the next number of a kind; the counter's row stays locked until the transaction ends. */
export async function nextNumber(tx: Queryable, organisationId: string, kind: 'team' | 'webhook'): Promise<number> {
  const [row] = await tx<{ value: number }[]>`
    INSERT INTO counters (organisation_id, kind, value) VALUES (${organisationId}, ${kind}, 1)
    ON CONFLICT (organisation_id, kind) DO UPDATE SET value = counters.value + 1
    RETURNING value`;
  return row!.value;
}
