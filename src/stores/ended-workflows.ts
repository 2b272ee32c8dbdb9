import type { Sql } from './sql.ts';

export type WorkflowEnd = 'terminated' | 'cancelled' | 'failed' | 'timed_out';

/** An open incident, as far as it is recorded. */
export interface UnmarkedIncident {
  incidentId: string;
  /** Of its newest transition. */
  sequence: number;
}

/** Open incidents that nobody tends any more, across organisations. */
export interface EndedWorkflowStore {
  /** Those of these ids that are open and not marked yet. */
  unmarked(incidentIds: string[]): Promise<UnmarkedIncident[]>;
  /**
   * Shows that an operator ended the incident's workflow: on the incident, and in its log. Its key is free for the next
   * occurrence, and nobody is asked about it any more. Answers false when it is resolved or marked already, and when
   * something was recorded since: a command has started the workflow again.
   */
  mark(incident: UnmarkedIncident, how: WorkflowEnd, at: string): Promise<boolean>;
}

export function createEndedWorkflowStore(sql: Sql): EndedWorkflowStore {
  return {
    async unmarked(incidentIds) {
      const rows = await sql<UnmarkedIncident[]>`
        SELECT id AS incident_id, sequence FROM incidents
        WHERE id = ANY(${incidentIds.filter(isUuid)}::uuid[]) AND status <> 'resolved' AND workflow_ended_at IS NULL`;
      return [...rows];
    },

    async mark({ incidentId, sequence }, how, at) {
      const rows = await sql`
        WITH marked AS (
          UPDATE incidents SET workflow_ended_at = ${at}, workflow_end = ${how}
          WHERE id = ${incidentId} AND sequence = ${sequence} AND status <> 'resolved' AND workflow_ended_at IS NULL
          RETURNING organisation_id, id, sequence
        ), released AS (
          DELETE FROM incident_claims c USING marked
          WHERE c.organisation_id = marked.organisation_id AND c.incident_id = marked.id
        ), quieted AS (
          UPDATE notifications n SET status = 'cancelled', finished_at = now() FROM marked
          WHERE n.organisation_id = marked.organisation_id AND n.incident_id = marked.id AND n.status = 'pending'
        )
        INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel, details)
        SELECT m.organisation_id, m.id, m.sequence,
          (SELECT coalesce(max(l.index), 0) + 1 FROM log_entries l WHERE l.incident_id = m.id AND l.sequence = m.sequence),
          'workflow_terminated', ${at}, ${sql.json({ type: 'operator', id: null, name: 'Temporal' })}, 'signal',
          ${sql.json({ how })}
        FROM marked m
        RETURNING incident_id`;
      return rows.length > 0;
    },
  };
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
