import type postgres from 'postgres';
import { quietingTypes } from '../domain/notification/still-asks.ts';
import type { Queryable } from './sql.ts';

/**
 * Whether a transition after the one that asked ends the asking (domain/notification/still-asks.ts): whether the row
 * `later` of `transitions` does, for what was due at `dueAt`.
 */
export function isQuietedBy(sql: Queryable, dueAt: postgres.Fragment) {
  return sql`(later.type = ANY(${[...quietingTypes]}) OR later.type = 'escalated' AND later.at <= ${dueAt})`;
}

/** When a notification `n` came due first: its attempts move `due_at`. */
export function firstDueAt(sql: Queryable) {
  return sql`((SELECT asked.at FROM transitions asked WHERE asked.organisation_id = n.organisation_id
    AND asked.incident_id = n.incident_id AND asked.sequence = n.sequence) + make_interval(secs => n.delay))`;
}
