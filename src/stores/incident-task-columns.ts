import type { Queryable } from './sql.ts';

/** A `Task` (domain/incident/task.ts) from a row `k` of incident_tasks, and the joins that it needs. */
export function taskColumns(sql: Queryable) {
  return {
    columns: sql`
      k.id, k.incident_id, k.kind, k.title, k.description, k.status, k.priority, k.labels, k.creator,
      k.created_at, k.updated_at, k.completed_at,
      CASE WHEN assignee.id IS NOT NULL THEN jsonb_build_object(
        'id', assignee.id, 'name', assignee.name,
        'email', CASE WHEN assignee.deleted_at IS NULL THEN assignee.email END) END AS assignee,
      maker.email AS creator_email`,
    joins: sql`
      LEFT JOIN members assignee ON assignee.organisation_id = k.organisation_id AND assignee.id = k.assignee_id
      LEFT JOIN members maker ON maker.organisation_id = k.organisation_id AND maker.deleted_at IS NULL
        AND k.creator->>'type' = 'member' AND maker.id::text = k.creator->>'id'`,
  };
}
