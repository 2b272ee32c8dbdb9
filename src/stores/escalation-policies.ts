import { v7 as uuid } from 'uuid';
import type { FieldError } from '../domain/error-code.ts';
import type { EscalationLevel, PolicySnapshot } from '../domain/escalation/policy.ts';
import type { PolicyDraft } from '../domain/escalation/validate-policy.ts';
import { takePolicy } from './policy-turns.ts';
import { type Reference, referencesToPolicy } from './references.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { nextNumber } from './teams.ts';

export interface EscalationPolicy extends PolicyDraft {
  id: string;
  /** Counted per organisation. */
  number: number;
  /** Counts its changes; incidents keep the one they began with. */
  version: number;
  /** Counts the incidents that were given it. */
  turn: number;
  createdAt: string;
}

/** Of an organisation. */
export const mostPolicies = 1_000;

/** Why nothing was stored: there are `mostPolicies`, or the draft is wrong or names what the organisation lacks. */
export type PolicyRefusal = 'full' | { errors: FieldError[] };

/** Deleted policies are unknown to every function. */
export interface EscalationPolicyStore {
  /** Stores a draft that `validatePolicy` found good. */
  create(organisationId: string, draft: PolicyDraft, tx: Transaction): Promise<EscalationPolicy | PolicyRefusal>;
  get(organisationId: string, id: string): Promise<EscalationPolicy | undefined>;
  /** In the order of their numbers, from the one after `after`. */
  list(organisationId: string, page: { limit: number; after?: number | undefined }): Promise<EscalationPolicy[]>;
  /**
   * Puts in place what `change` makes of the policy as it stands, which nobody else changes meanwhile, and counts the
   * version up; undefined for an unknown id.
   */
  update(
    organisationId: string,
    id: string,
    change: (stored: PolicyDraft) => { draft: PolicyDraft } | { errors: FieldError[] },
    tx: Transaction,
  ): Promise<EscalationPolicy | { errors: FieldError[] } | undefined>;
  /** Answers what still refers to the policy: only when that is nothing it is deleted. Undefined: there is no such one. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
  /** The policy as an incident keeps it, which is the next one in turn; undefined for an unknown id. */
  take(organisationId: string, id: string, tx: Queryable): Promise<PolicySnapshot | undefined>;
  /** Which policies name the schedules of these teams, by number. */
  namingSchedules(organisationId: string, teamIds: string[]): Promise<{ teamId: string; policyId: string }[]>;
}

const columns = ['id', 'number', 'name', 'levels', 'repeat', 'repeatFromLevel', 'version', 'turn', 'createdAt'];

export function createEscalationPolicyStore(sql: Sql): EscalationPolicyStore {
  return {
    async create(organisationId, draft, tx) {
      // Whoever has the number makes a policy alone, so that the count holds until the end.
      const number = await nextNumber(tx, organisationId, 'escalation_policy');
      const [there] = await tx<{ count: number }[]>`
        SELECT count(*) FROM escalation_policies WHERE organisation_id = ${organisationId} AND deleted_at IS NULL`;
      if (there!.count >= mostPolicies) return 'full';
      const errors = await unknownTargets(tx, organisationId, draft.levels);
      if (errors.length > 0) return { errors };
      const [row] = await tx<EscalationPolicy[]>`
        INSERT INTO escalation_policies (id, organisation_id, number, name, levels, repeat, repeat_from_level)
        VALUES (${uuid()}, ${organisationId}, ${number}, ${draft.name}, ${levelsJson(tx, draft)}, ${draft.repeat},
          ${draft.repeatFromLevel})
        RETURNING ${tx(columns)}`;
      return row!;
    },

    async get(organisationId, id) {
      const [row] = await sql<EscalationPolicy[]>`
        SELECT ${sql(columns)} FROM escalation_policies
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    list: (organisationId, { limit, after = 0 }) => sql<EscalationPolicy[]>`
      SELECT ${sql(columns)} FROM escalation_policies
      WHERE organisation_id = ${organisationId} AND number > ${after} AND deleted_at IS NULL
      ORDER BY number LIMIT ${limit}`,

    async update(organisationId, id, change, tx) {
      const [stored] = await tx<EscalationPolicy[]>`
        SELECT ${tx(columns)} FROM escalation_policies
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
      if (!stored) return undefined;
      const changed = change(stored);
      if ('errors' in changed) return changed;
      const { draft } = changed;
      const errors = await unknownTargets(tx, organisationId, draft.levels);
      if (errors.length > 0) return { errors };
      const [row] = await tx<EscalationPolicy[]>`
        UPDATE escalation_policies SET name = ${draft.name}, levels = ${levelsJson(tx, draft)},
          repeat = ${draft.repeat}, repeat_from_level = ${draft.repeatFromLevel}, version = version + 1
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${tx(columns)}`;
      return row!;
    },

    async remove(organisationId, id, tx) {
      // Whoever is giving it to a ruleset holds the row (FOR KEY SHARE), so this waits for them.
      const [policy] = await tx`
        SELECT id FROM escalation_policies
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR UPDATE`;
      if (!policy) return undefined;
      const references = await referencesToPolicy(tx, organisationId, id);
      if (references.length === 0)
        await tx`
          UPDATE escalation_policies SET deleted_at = now() WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return references;
    },

    take: (organisationId, id, tx) => takePolicy(tx, organisationId, id),

    async namingSchedules(organisationId, teamIds) {
      const rows = await sql<{ teamId: string; policyId: string }[]>`
        SELECT DISTINCT p.number, t.id AS team_id, p.id AS policy_id
        FROM escalation_policies p
        CROSS JOIN LATERAL jsonb_path_query(p.levels, '$[*].targets[*] ? (@.type == "schedule").id') AS named (id)
        JOIN unnest(${teamIds}::text[]) AS t (id) ON t.id = named.id #>> '{}'
        WHERE p.organisation_id = ${organisationId} AND p.deleted_at IS NULL
        ORDER BY p.number`;
      return [...rows];
    },
  };
}

/** Ids as Postgres writes them, so that they compare as text. */
function levelsJson(tx: Queryable, { levels }: PolicyDraft) {
  const stored = levels.map(({ delay, targets, assign }): EscalationLevel => {
    return { delay, targets: targets.map(({ type, id }) => ({ type, id: id.toLowerCase() })), assign };
  });
  return tx.json(stored as never);
}

/** Names the targets that the organisation does not have; those it has stay until the policy is stored. */
async function unknownTargets(tx: Queryable, organisationId: string, levels: EscalationLevel[]): Promise<FieldError[]> {
  const named = levels.flatMap(({ targets }, level) => targets.map((target, index) => ({ ...target, level, index })));
  // A schedule bears its team's id.
  const kindOf = (type: string) => (type === 'member' ? 'member' : 'team');
  const idsOf = (kind: string) => named.filter(({ type }) => kindOf(type) === kind).map(({ id }) => id);
  const teams = await tx<{ id: string }[]>`
    SELECT id FROM teams
    WHERE organisation_id = ${organisationId} AND id = ANY(${idsOf('team')}::uuid[]) AND deleted_at IS NULL
    ORDER BY id FOR KEY SHARE`;
  const members = await tx<{ id: string }[]>`
    SELECT id FROM members
    WHERE organisation_id = ${organisationId} AND id = ANY(${idsOf('member')}::uuid[]) AND deleted_at IS NULL
    ORDER BY id FOR KEY SHARE`;
  const known = new Set([...teams.map(({ id }) => `team ${id}`), ...members.map(({ id }) => `member ${id}`)]);
  return named.flatMap(({ type, id, level, index }) => {
    if (known.has(`${kindOf(type)} ${id.toLowerCase()}`)) return [];
    return [{ field: `levels[${level}].targets[${index}].id`, message: `is not a ${type} of this organisation` }];
  });
}
