import type { Viewer } from '../domain/access/viewer.ts';
import { Refusal } from '../domain/error-code.ts';
import { incidentReference, type Status } from '../domain/incident/incident.ts';
import type { Sql, Transaction } from './sql.ts';
import { uuidOf } from './uuid-of.ts';
import { isVisibleTo } from './visibility.ts';

/** What was merged into an incident at once. */
export interface Merge {
  /** When; the same for every repeat. */
  since: string;
  incidentIds: string[];
  /** Of these, those whose workflow has yet to resolve them. */
  unresolved: string[];
}

/** An incident that was merged and not resolved yet. */
export interface Unmerged {
  organisationId: string;
  incidentId: string;
  /** The id of the other one. */
  into: string;
  since: string;
}

export interface MergeStore {
  /**
   * Marks incidents as merged into the target and gives it their keys, all in one transaction. Those that were merged
   * into it before are left as they are. Answers the merges that brought them, oldest first, or which ids are
   * unknown, as all are that the viewer may not see.
   * Throws `Refusal` `merge_conflict` when one of them is over or on its way into another incident.
   */
  claim(
    organisationId: string,
    targetId: string,
    incidentIds: string[],
    viewer: Viewer,
  ): Promise<{ merges: Merge[] } | { unknown: string[] }>;
  /** Across organisations: merged at least `olderThanSeconds` ago, oldest first. */
  unmerged(limit: number, olderThanSeconds: number): Promise<Unmerged[]>;
}

interface LockedIncident {
  id: string;
  number: number;
  status: Status;
  mergingInto: string | null;
}

/** Names the target's transition, so that it is logged once, whoever asks for it and however often. */
export function mergeId(targetId: string, since: string): string {
  return uuidOf(`merge:${targetId}:${since}`);
}

export function createMergeStore(sql: Sql): MergeStore {
  return {
    claim: (organisationId, targetId, incidentIds, viewer) =>
      sql.begin(async (tx) => {
        const locked = await lockIncidents(tx, organisationId, [targetId, ...incidentIds], viewer);
        const unknown = incidentIds.filter((id) => !locked.has(id));
        const target = locked.get(targetId);
        if (!target || unknown.length > 0) return { unknown };

        const sources = incidentIds.map((id) => locked.get(id)!);
        const fresh = sources.filter(({ mergingInto }) => mergingInto !== targetId);
        if (fresh.length > 0) {
          refuseConflicts(target, fresh);
          const ids = fresh.map(({ id }) => id);
          await give(tx, organisationId, targetId, ids);
        }
        return { merges: await mergesOf(tx, organisationId, targetId, incidentIds) };
      }),

    unmerged: (limit, olderThanSeconds) => sql<Unmerged[]>`
      SELECT i.organisation_id, i.id AS incident_id, i.merging_since AS since, i.merging_into AS into FROM incidents i
      WHERE i.merging_into IS NOT NULL AND i.status <> 'resolved'
        AND i.merging_since < now() - make_interval(secs => ${olderThanSeconds})
      ORDER BY i.merging_since LIMIT ${limit}`,
  };
}

/** In the order of their ids, as wherever several are locked at once: two merges never wait for each other. */
async function lockIncidents(
  tx: Transaction,
  organisationId: string,
  ids: string[],
  viewer: Viewer,
): Promise<Map<string, LockedIncident>> {
  const rows = await tx<LockedIncident[]>`
    SELECT id, number, status, merging_into FROM incidents
    WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[]) AND ${isVisibleTo(tx, viewer, 'incidents')}
    ORDER BY id FOR NO KEY UPDATE`;
  return new Map(rows.map((row) => [row.id, row]));
}

function refuseConflicts(target: LockedIncident, sources: LockedIncident[]): void {
  const conflicts = [
    ...(target.status === 'resolved' ? [`${incidentReference(target.number)} is resolved`] : []),
    ...(target.mergingInto === null ? [] : [`${incidentReference(target.number)} is itself merged into another one`]),
    ...sources.flatMap(({ number, status, mergingInto }) => {
      if (mergingInto !== null) return [`${incidentReference(number)} is merged into another one`];
      return status === 'resolved' ? [`${incidentReference(number)} is resolved`] : [];
    }),
  ];
  if (conflicts.length > 0) throw new Refusal('merge_conflict', `Nothing was merged: ${conflicts.join('; ')}.`);
}

/** Incidents come before claims, as for everybody. What resolves the target frees the keys that it was given, too. */
async function give(tx: Transaction, organisationId: string, targetId: string, incidentIds: string[]): Promise<void> {
  await tx`
    UPDATE incidents SET merging_into = ${targetId}, merging_since = now()
    WHERE organisation_id = ${organisationId} AND id = ANY(${incidentIds}::uuid[])`;
  await tx`
    UPDATE incident_claims SET incident_id = ${targetId}
    WHERE organisation_id = ${organisationId} AND incident_id = ANY(${incidentIds}::uuid[])`;
}

/** Whole, also when a repeat names only some of what a merge brought. */
async function mergesOf(
  tx: Transaction,
  organisationId: string,
  targetId: string,
  incidentIds: string[],
): Promise<Merge[]> {
  const rows = await tx<Merge[]>`
    SELECT i.merging_since AS since, array_agg(i.id ORDER BY i.number) AS incident_ids,
      coalesce(array_agg(i.id ORDER BY i.number) FILTER (WHERE i.status <> 'resolved'), '{}') AS unresolved
    FROM incidents i
    WHERE i.organisation_id = ${organisationId} AND i.merging_into = ${targetId} AND i.merging_since IN (
      SELECT n.merging_since FROM incidents n
      WHERE n.organisation_id = ${organisationId} AND n.id = ANY(${incidentIds}::uuid[]))
    GROUP BY i.merging_since ORDER BY i.merging_since`;
  return [...rows];
}
