import type { ErrorCode } from '../domain/error-code.ts';
import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import type { Assignee, Lifecycle } from '../domain/incident/incident.ts';
import type { Action, TransitionType } from '../domain/incident/log-entry.ts';
import type { Transition } from '../domain/incident/transition.ts';
import { quietingTypes } from '../domain/notification/still-asks.ts';
import { isKeyTaken } from './incident-keys.ts';
import type { Queryable } from './sql.ts';

/** What is stored that the caller does not know of: the newest lifecycle, and the ids from the place in question on. */
export interface StoredAhead {
  lifecycle: Lifecycle;
  commandIds: string[];
  lastOccurrenceAt: string | null;
  escalationPolicy: PolicySnapshot | null;
  refused?: { commandId: string; code: ErrorCode };
  /** Of these transitions, oldest first, those that ask people, unless a later one has quieted them. */
  asked: StoredAsking[];
}

/** As `Transition` says, and whom it found assigned. */
interface StoredAsking {
  sequence: number;
  type: TransitionType;
  at: string;
  details: Record<string, unknown>;
  action: Action | null;
  assignees: Assignee[];
}

/** As many as a workflow remembers. */
const mostIds = 1_000;
const mostAsked = 50;
/** Who asks, and is not quieted by what comes later. */
const unquieted: TransitionType[] = ['responder_added', 'alerted'];
const asking: TransitionType[] = [
  ...unquieted,
  'triggered',
  'unacknowledged',
  'escalated',
  'reassigned',
  'delegated',
  'reopened',
];

/** Null when this very transition stands: the same command at the same instant. */
export async function readAhead(
  sql: Queryable,
  organisationId: string,
  incidentId: string,
  { id, at, sequence, type }: Transition,
  transitions: Transition[],
): Promise<StoredAhead | null> {
  const ids = transitions.map((one) => one.id);
  const [row] = await sql<(StoredAhead & { isSame: boolean; isKeyTaken: boolean })[]>`
    SELECT i.lifecycle, i.last_occurrence_at, i.escalation_policy, ${isKeyTaken(sql)} AS is_key_taken,
      ARRAY(
        SELECT t.id FROM transitions t
        WHERE t.incident_id = i.id
          AND (t.sequence >= greatest(${sequence}, i.sequence - ${mostIds}) OR t.id = ANY(${ids}))
        ORDER BY t.sequence) AS command_ids,
      (SELECT coalesce(jsonb_agg(a.asked ORDER BY a.sequence), '[]') FROM (
        SELECT t.sequence, jsonb_build_object('sequence', t.sequence, 'type', t.type,
          'at', t.snapshot->'transition'->'at', 'details', coalesce(t.snapshot->'transition'->'details', '{}') - 'message',
          'action', t.snapshot->'transition'->'action', 'assignees', t.snapshot->'incident'->'assignees') AS asked
        FROM transitions t
        WHERE t.incident_id = i.id AND t.type = ANY(${asking})
          AND (t.sequence >= ${sequence} OR t.id = ANY(${ids}))
          AND (t.type = ANY(${unquieted}) OR NOT EXISTS (
            SELECT FROM transitions later WHERE later.incident_id = i.id AND later.sequence > t.sequence
              AND later.type = ANY(${[...quietingTypes]})))
        ORDER BY t.sequence DESC LIMIT ${mostAsked}) a) AS asked,
      EXISTS (SELECT FROM transitions t
        WHERE t.incident_id = i.id AND t.sequence = ${sequence} AND t.id = ${id} AND t.at = ${at}) AS is_same
    FROM incidents i WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId}`;
  if (!row || row.isSame) return null;
  const { lifecycle, commandIds, lastOccurrenceAt, escalationPolicy, asked } = row;
  const refused = type === 'reopened' && row.isKeyTaken ? { commandId: id, code: 'key_in_use' as const } : undefined;
  return { lifecycle, commandIds, lastOccurrenceAt, escalationPolicy, asked, ...(refused ? { refused } : {}) };
}
