import type { Viewer } from '../domain/access/viewer.ts';
import type { TransitionType } from '../domain/incident/log-entry.ts';
import { transitionTypes } from '../domain/incident/log-entry.ts';
import { type Dialect, type PlannedEvent, planTransition } from '../outbound/dialect.ts';
import { dialects } from '../outbound/index.ts';
import { shardOf } from './doorbell.ts';
import type { Queryable } from './sql.ts';
import { isOfInterest } from './subscription-filters.ts';
import { isVisibleDelivery, isVisibleTo } from './visibility.ts';

/** From `since` to before `until`, ISO 8601; null: until now. */
export interface RecoveredRange {
  since: string;
  until: string | null;
}

export interface Recovery {
  /** Deliveries that were given up, and are due again. */
  retried: number;
  /** Deliveries of what nothing was stored of, since the subscription was disabled. */
  added: number;
  /** There is more in the range: call again. */
  more: boolean;
}

/** As it is now. */
export interface RecoveringSubscription {
  id: string;
  dialect: string;
  events: string[];
  includesPrivate: boolean;
  createdAt: string;
}

/** Deliveries given up, and transitions that nothing was stored of, in one call. */
export const mostRecovered = 10_000;

/**
 * Makes due, oldest first: deliveries of the range that were given up, in the order of their incidents again; and those
 * of transitions since the subscription was made that have none of it, as its events, its filter and its dialect say now,
 * with the conditions of recording (transitions.ts). Of incidents that the viewer may not see nothing is. What is due already stays; so a second call adds nothing. Changes of
 * services are stored nowhere but in deliveries, and are not recovered.
 */
export async function recover(
  tx: Queryable,
  organisationId: string,
  subscription: RecoveringSubscription,
  range: RecoveredRange,
  viewer: Viewer,
): Promise<Recovery> {
  const failed = await findFailed(tx, organisationId, subscription, range, viewer);
  const missed = await findMissed(tx, organisationId, subscription, range, viewer);
  const found = [...failed, ...missed].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const chosen = found.slice(0, mostRecovered);
  const retried = await retry(
    tx,
    organisationId,
    chosen.flatMap((one, place) => ('id' in one ? [{ id: one.id, place }] : [])),
    chosen.length,
  );
  const added = await add(
    tx,
    organisationId,
    subscription.id,
    chosen.flatMap((one, place) =>
      'planned' in one ? one.planned.map(({ event, item }) => ({ ...one.transition, event, item, place })) : [],
    ),
    chosen.length,
  );
  return { retried, added, more: found.length > chosen.length };
}

interface Failed {
  at: string;
  id: string;
}

/** The oldest, one more than are recovered. A dialect that has no name for one, or privacy, keeps it as it is. */
async function findFailed(
  tx: Queryable,
  organisationId: string,
  { id, dialect, includesPrivate }: RecoveringSubscription,
  { since, until }: RecoveredRange,
  viewer: Viewer,
): Promise<Failed[]> {
  const { events } = dialects[dialect]!;
  return tx<Failed[]>`
    SELECT ${utc(tx, 'd.created_at')} AS at, d.id FROM deliveries d
    LEFT JOIN incidents i ON i.organisation_id = d.organisation_id AND i.id = d.subject_id
    WHERE d.organisation_id = ${organisationId} AND d.subscription_id = ${id} AND d.status = 'failed'
      AND d.created_at >= ${since}::text::timestamptz AND d.created_at < coalesce(${until}::text::timestamptz, now())
      AND d.event = ANY(${Object.keys(events)})
      -- Pings and examples told nothing, and neither does a repeat of them.
      AND (d.incident_id IS NOT NULL OR d.snapshot->>'kind' IS NOT NULL)
      AND (i.id IS NULL OR i.visibility = 'public' OR ${includesPrivate})
      AND ${isVisibleDelivery(tx, viewer, 'd')}
    ORDER BY d.created_at, d.id LIMIT ${mostRecovered + 1}`;
}

interface Missed {
  at: string;
  transition: { incidentId: string; sequence: number; type: TransitionType };
  planned: PlannedEvent[];
}

interface Candidate {
  at: string;
  incidentId: string;
  sequence: number;
  type: TransitionType;
  details: Record<string, unknown>;
  statusChanged: boolean;
}

const candidatesAtOnce = 2_000;

/** The oldest, one more than are recovered. */
async function findMissed(
  tx: Queryable,
  organisationId: string,
  subscription: RecoveringSubscription,
  range: RecoveredRange,
  viewer: Viewer,
): Promise<Missed[]> {
  const dialect = dialects[subscription.dialect]!;
  const wanted = new Set(subscription.events);
  const missed: Missed[] = [];
  for (let after: Candidate | undefined; missed.length <= mostRecovered;) {
    const candidates = await findCandidates(tx, organisationId, subscription, range, viewer, after);
    for (const { at, incidentId, sequence, type, details, statusChanged, visibility } of candidates) {
      const planned = planTransition([dialect], { type, details }).filter(
        (one) =>
          wanted.has(one.event) &&
          (one.visibility === null || one.visibility === visibility) &&
          (!one.ifStatusChanged || statusChanged),
      );
      if (planned.length > 0) missed.push({ at, transition: { incidentId, sequence, type }, planned });
    }
    after = candidates.at(-1);
    if (candidates.length < candidatesAtOnce) break;
  }
  return missed.slice(0, mostRecovered + 1);
}

/**
 * Transitions that some event of the subscription stands for and that it has no delivery of, in the order of their times.
 * A run that was to tell it alone is left out: that it could not is what the run says.
 */
async function findCandidates(
  tx: Queryable,
  organisationId: string,
  subscription: RecoveringSubscription,
  { since, until }: RecoveredRange,
  viewer: Viewer,
  after: Candidate | undefined,
): Promise<(Candidate & { visibility: string })[]> {
  const { types, lists } = toldOf(dialects[subscription.dialect]!, subscription.events);
  return tx<(Candidate & { visibility: string })[]>`
    SELECT ${utc(tx, 't.at')} AS at, t.incident_id, t.sequence, t.type, i.visibility,
      coalesce((SELECT jsonb_object_agg(list, t.snapshot->'transition'->'details'->list)
        FROM unnest(${lists}::text[]) AS list), '{}') AS details,
      t.snapshot->'transition'->>'previousStatus' IS DISTINCT FROM t.snapshot->'incident'->>'status' AS status_changed
    FROM transitions t
    JOIN incidents i ON i.organisation_id = t.organisation_id AND i.id = t.incident_id
    JOIN subscriptions s ON s.organisation_id = t.organisation_id AND s.id = ${subscription.id}
    WHERE t.organisation_id = ${organisationId} AND t.type = ANY(${types})
      AND t.at >= greatest(${since}::text::timestamptz, s.created_at)
      AND t.at < coalesce(${until}::text::timestamptz, now())
      ${after ? tx`AND (t.at, t.incident_id, t.sequence) > (${after.at}::text::timestamptz, ${after.incidentId}, ${after.sequence})` : tx``}
      AND (i.visibility = 'public' OR s.includes_private) AND ${isOfInterest(tx)} AND ${isVisibleTo(tx, viewer, 'i')}
      AND t.snapshot->'transition'->'action'->>'subscriptionId' IS NULL
      AND NOT EXISTS (SELECT FROM deliveries d
        WHERE d.subscription_id = s.id AND d.subject_id = t.incident_id AND d.sequence = t.sequence)
    ORDER BY t.at, t.incident_id, t.sequence LIMIT ${candidatesAtOnce}`;
}

/** The transitions that these events stand for, and the lists in their details that say how many payloads they make. */
function toldOf({ events }: Dialect, names: string[]): { types: TransitionType[]; lists: string[] } {
  const sources = names.flatMap((name) => {
    const source = events[name];
    return source && 'on' in source ? [source] : [];
  });
  return {
    types: transitionTypes.filter((type) => sources.some(({ on }) => on.includes(type))),
    lists: sources.flatMap(({ perItemOf }) => (perItemOf === undefined ? [] : [perItemOf])),
  };
}

/** The pump takes what is due in the order of these times: each a microsecond after the one before, the last one now. */
function dueAt(tx: Queryable, total: number) {
  return tx`now() - (${total}::integer - given.place) * interval '1 microsecond'`;
}

async function retry(tx: Queryable, organisationId: string, given: { id: string; place: number }[], total: number) {
  const rows = await tx`
    UPDATE deliveries d SET
      status = 'pending', in_order = true, attempts_before = attempts, settled_at = NULL, next_attempt_at = ${dueAt(tx, total)}
    FROM jsonb_to_recordset(${tx.json(given)}::jsonb) AS given (id uuid, place integer)
    WHERE d.organisation_id = ${organisationId} AND d.id = given.id AND d.status = 'failed'
    RETURNING d.id`;
  return rows.length;
}

interface AddedRow {
  incidentId: string;
  sequence: number;
  type: TransitionType;
  event: string;
  item: number;
  place: number;
}

async function add(
  tx: Queryable,
  organisationId: string,
  subscriptionId: string,
  given: AddedRow[],
  total: number,
): Promise<number> {
  const rows = await tx`
    INSERT INTO deliveries (
      id, organisation_id, subscription_id, incident_id, subject_id, sequence, transition_type, event, item, shard,
      next_attempt_at, created_at)
    SELECT gen_random_uuid(), ${organisationId}, ${subscriptionId}, given."incidentId", given."incidentId", given.sequence,
      given.type, given.event, given.item, ${shardOf(subscriptionId)}, ${dueAt(tx, total)}, now()
    FROM jsonb_to_recordset(${tx.json(given as never)}::jsonb) AS given (
      "incidentId" uuid, sequence bigint, type text, event text, item smallint, place integer)
    ON CONFLICT (subscription_id, subject_id, sequence, event, item) DO NOTHING
    RETURNING id`;
  return rows.length;
}

/** To the microsecond always, so that times compare as text. */
function utc(tx: Queryable, column: 'd.created_at' | 't.at') {
  return tx`to_char(${tx(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
