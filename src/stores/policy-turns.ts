import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import type { Queryable, Transaction } from './sql.ts';

const kept = ['id', 'name', 'levels', 'repeat', 'repeatFromLevel', 'version', 'turn'];

/** The policy as an incident keeps it, which is the next one in turn; undefined for an unknown or deleted one. */
export async function takePolicy(
  tx: Queryable,
  organisationId: string,
  id: string,
): Promise<PolicySnapshot | undefined> {
  const [taken] = await tx<PolicySnapshot[]>`
    UPDATE escalation_policies SET turn = turn + 1
    WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
    RETURNING ${tx(kept)}`;
  return taken && { ...taken, turn: taken.turn - 1 };
}

/**
 * Gives policies to new incidents of one organisation: an id or null for each of them, and what it keeps in the same
 * place. Their rows are locked in one sorted pass and stay so until the transaction ends. One that was deleted is given
 * all the same: the ruleset that names it was read before.
 */
export async function takePolicies(
  tx: Transaction,
  organisationId: string,
  ids: (string | null)[],
): Promise<(PolicySnapshot | null)[]> {
  const counts = new Map<string, number>();
  for (const id of ids) if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1);
  if (counts.size === 0) return ids.map(() => null);
  const rows = await tx<PolicySnapshot[]>`
    SELECT ${tx(kept)} FROM escalation_policies
    WHERE organisation_id = ${organisationId} AND id = ANY(${[...counts.keys()]}::uuid[])
    ORDER BY id FOR NO KEY UPDATE`;
  await tx`
    UPDATE escalation_policies p SET turn = p.turn + taken.count
    FROM unnest(${[...counts.keys()]}::uuid[], ${[...counts.values()]}::integer[]) AS taken (id, count)
    WHERE p.organisation_id = ${organisationId} AND p.id = taken.id`;
  const next = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const snapshot = id === null ? undefined : next.get(id);
    if (!snapshot) return null;
    next.set(snapshot.id, { ...snapshot, turn: snapshot.turn + 1 });
    return snapshot;
  });
}
