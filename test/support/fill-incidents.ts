import type { Sql } from '../../src/stores/sql.ts';

/** So many incidents at once, without workflows; their numbers go on from those there are. */
export async function fillIncidents(
  sql: Sql,
  { organisationId, teamId }: { organisationId: string; teamId: string },
  count: number,
  description = '',
): Promise<void> {
  await sql`
    INSERT INTO incidents (
      id, organisation_id, number, team_id, name, description, urgency, created_at, status, lifecycle, opening,
      workflow_started)
    SELECT gen_random_uuid(), ${organisationId}, coalesce(last.number, 0) + n, ${teamId}, 'Incident ' || n, ${description},
      'low', now(), 'triggered', '{"assignees":[],"pendingActions":[]}', '{}', true
    FROM generate_series(1, ${count}::integer) AS n
    CROSS JOIN (SELECT max(number) AS number FROM incidents WHERE organisation_id = ${organisationId}) AS last`;
  await sql`
    UPDATE counters SET value = (SELECT max(number) FROM incidents WHERE organisation_id = ${organisationId})
    WHERE organisation_id = ${organisationId} AND kind = 'incident'`;
}
