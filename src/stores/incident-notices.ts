import type { IncidentState } from '../domain/incident/incident.ts';
import type { Acknowledged, Cleared, Occurrences } from './claims.ts';
import type { Sql } from './sql.ts';

/** What incident workflows have been told, across organisations: the pumps and housekeeping serve them all. */
export interface IncidentNoticeStore {
  /** Answers those that more occurrences joined while the workflow was being started. */
  markStarted(incidentIds: string[]): Promise<Occurrences[]>;
  markSignalled(told: Occurrences[]): Promise<void>;
  /** Incidents whose workflow should have started `olderThanSeconds` ago, oldest first. */
  unstarted(limit: number, olderThanSeconds: number): Promise<IncidentState[]>;
  /** Incidents whose workflow has not heard of all occurrences, the last at least `olderThanSeconds` ago. */
  unsignalled(limit: number, olderThanSeconds: number): Promise<Occurrences[]>;
  /** Triggered incidents that their sender acknowledged at least `olderThanSeconds` ago; from an hour on ever more rarely. */
  unacknowledged(limit: number, olderThanSeconds: number): Promise<Acknowledged[]>;
  /** Open incidents that were cleared at least `olderThanSeconds` ago; from an hour on ever more rarely. */
  uncleared(limit: number, olderThanSeconds: number): Promise<Cleared[]>;
}

export function createIncidentNoticeStore(sql: Sql): IncidentNoticeStore {
  const columns = sql`i.id AS incident_id, i.occurrences AS count, i.last_occurrence_at AS last_at, i.workflow_started`;

  return {
    // Rows are locked in the order of their ids, as wherever several are locked at once.
    async markStarted(incidentIds) {
      const rows = await sql<(Occurrences & { behind: boolean })[]>`
        WITH locked AS MATERIALIZED (
          SELECT id FROM incidents WHERE id = ANY(${incidentIds}::uuid[]) ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE incidents i SET workflow_started = true FROM locked WHERE i.id = locked.id
        RETURNING ${columns}, i.occurrences_signalled < i.occurrences AS behind`;
      return rows.filter(({ behind }) => behind);
    },

    async markSignalled(told) {
      await sql`
        WITH locked AS MATERIALIZED (
          SELECT i.id, told.count
          FROM unnest(${told.map(({ incidentId }) => incidentId)}::uuid[], ${told.map(({ count }) => count)}::integer[])
            AS told (id, count)
          JOIN incidents i ON i.id = told.id ORDER BY i.id FOR NO KEY UPDATE OF i
        )
        UPDATE incidents i SET occurrences_signalled = greatest(i.occurrences_signalled, locked.count)
        FROM locked WHERE i.id = locked.id`;
    },

    async unstarted(limit, olderThanSeconds) {
      const rows = await sql<{ opening: IncidentState }[]>`
        SELECT opening FROM incidents
        WHERE NOT workflow_started AND created_at < now() - make_interval(secs => ${olderThanSeconds})
        ORDER BY created_at LIMIT ${limit}`;
      return rows.map(({ opening }) => opening);
    },

    unsignalled: (limit, olderThanSeconds) => sql<Occurrences[]>`
      SELECT ${columns} FROM incidents i
      WHERE i.occurrences_signalled < i.occurrences AND i.workflow_started
        AND i.last_occurrence_at < now() - make_interval(secs => ${olderThanSeconds})
      ORDER BY i.last_occurrence_at LIMIT ${limit}`,

    unacknowledged: (limit, olderThanSeconds) => sql<Acknowledged[]>`
      SELECT i.id AS incident_id, i.acknowledging_event_id AS event_id,
        jsonb_build_object('id', w.id, 'name', w.name) AS webhook
      FROM incidents i JOIN webhooks w ON w.organisation_id = i.organisation_id AND w.id = i.webhook_id
      WHERE i.acknowledging_since IS NOT NULL AND i.status = 'triggered' AND i.workflow_started
        AND i.acknowledging_since < now() - make_interval(secs => ${olderThanSeconds})
        AND ${isStillTold(sql, 'acknowledging_since')}
      ORDER BY i.acknowledging_since LIMIT ${limit}`,

    uncleared: (limit, olderThanSeconds) => sql<Cleared[]>`
      SELECT i.id AS incident_id, i.clearing_event_id AS event_id, CASE
        WHEN r.id IS NOT NULL THEN jsonb_build_object('type', 'ruleset', 'id', r.id, 'name', r.name)
        ELSE jsonb_build_object('type', 'webhook', 'id', w.id, 'name', w.name) END AS by
      FROM incidents i
      LEFT JOIN LATERAL (
        SELECT m.scope_id FROM event_matches m
        WHERE m.organisation_id = i.organisation_id AND m.event_id = i.clearing_event_id AND m.incident_id = i.id
          AND m.outcome = 'resolved' LIMIT 1
      ) AS ended ON true
      LEFT JOIN rulesets r ON r.organisation_id = i.organisation_id AND r.id = coalesce(ended.scope_id, i.ruleset_id)
      LEFT JOIN webhooks w ON w.organisation_id = i.organisation_id AND w.id = coalesce(ended.scope_id, i.webhook_id)
      WHERE i.clearing_since IS NOT NULL AND i.status <> 'resolved' AND i.workflow_started
        AND coalesce(r.id, w.id) IS NOT NULL
        AND i.clearing_since < now() - make_interval(secs => ${olderThanSeconds})
        AND ${isStillTold(sql, 'clearing_since')}
      ORDER BY i.clearing_since LIMIT ${limit}`,
  };
}

/**
 * One whose workflow an operator ended stays as it is: it must not stand before the others. Nor is it forgotten, since
 * after an outage of days it looks the same as one whose workflow was never told.
 */
function isStillTold(sql: Sql, since: 'clearing_since' | 'acknowledging_since') {
  return sql`random() * extract(epoch FROM now() - ${sql(`i.${since}`)}) < 3600`;
}
