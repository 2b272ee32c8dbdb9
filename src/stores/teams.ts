import { v7 as uuid } from 'uuid';
import { type Reference, referencesToTeam } from './references.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

export interface Team {
  id: string;
  number: number;
  name: string;
  timeZone: string;
  createdAt: string;
}

/** What stays undefined stays as it is. */
export type TeamChange = { [Field in 'name' | 'timeZone']?: Team[Field] | undefined };

/** Deleted teams are unknown to every function. */
export interface TeamStore {
  create(organisationId: string, team: Pick<Team, 'name' | 'timeZone'>, tx: Queryable): Promise<Team>;
  get(organisationId: string, id: string): Promise<Team | undefined>;
  /** In the order of their numbers, from the one after `after`. */
  list(organisationId: string, page: { limit: number; after?: number | undefined }): Promise<Team[]>;
  update(organisationId: string, id: string, change: TeamChange, tx: Queryable): Promise<Team | undefined>;
  /** Answers what still refers to the team: only when that is nothing it is deleted. Undefined: there is no such team. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
}

export function createTeamStore(sql: Sql): TeamStore {
  const columns = sql`id, number, name, time_zone, created_at`;

  return {
    create: (organisationId, team, tx) => insertTeam(tx, organisationId, team),

    async get(organisationId, id) {
      const [row] = await sql<Team[]>`
        SELECT ${columns} FROM teams WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    list: (organisationId, { limit, after = 0 }) => sql<Team[]>`
      SELECT ${columns} FROM teams
      WHERE organisation_id = ${organisationId} AND number > ${after} AND deleted_at IS NULL
      ORDER BY number LIMIT ${limit}`,

    async update(organisationId, id, { name, timeZone }, tx) {
      const [row] = await tx<Team[]>`
        UPDATE teams SET name = coalesce(${name ?? null}, name), time_zone = coalesce(${timeZone ?? null}, time_zone)
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
        RETURNING ${columns}`;
      return row;
    },

    async remove(organisationId, id, tx) {
      // Whoever is adding a reference holds the row (FOR KEY SHARE, or by foreign key), so this waits for them.
      const [team] = await tx`
        SELECT id FROM teams WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR UPDATE`;
      if (!team) return undefined;
      const references = await referencesToTeam(tx, organisationId, id);
      if (references.length === 0)
        await tx`UPDATE teams SET deleted_at = now() WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return references;
    },
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
export async function nextNumber(
  tx: Queryable,
  organisationId: string,
  kind: 'team' | 'webhook' | 'escalation_policy',
): Promise<number> {
  const [row] = await tx<{ value: number }[]>`
    INSERT INTO counters (organisation_id, kind, value) VALUES (${organisationId}, ${kind}, 1)
    ON CONFLICT (organisation_id, kind) DO UPDATE SET value = counters.value + 1
    RETURNING value`;
  return row!.value;
}
