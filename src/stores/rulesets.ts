import { v7 as uuid } from 'uuid';
import type { FieldError } from '../domain/error-code.ts';
import { apiKeyCheck } from '../domain/ruleset/condition.ts';
import type { FiringRuleset, Ruleset, RulesetDraft } from '../domain/ruleset/ruleset.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

export interface RulesetStore {
  /**
   * Stores a draft that `validateRuleset` found good. Answers `errors` (API field names such as `team_id`,
   * `assignees[0].id`, `webhook_id`) and stores nothing when it names what the organisation does not have.
   */
  create(
    organisationId: string,
    draft: RulesetDraft,
    tx?: Queryable,
  ): Promise<{ ruleset: Ruleset } | { errors: FieldError[] }>;
  /**
   * Puts in place what `change` makes of the ruleset as it stands, which nobody else changes meanwhile, and counts the
   * version up; undefined for an unknown id. Errors as of `create`, or those that `change` found.
   */
  update(
    organisationId: string,
    id: string,
    change: (stored: RulesetDraft) => { draft: RulesetDraft } | { errors: FieldError[] },
    tx: Transaction,
  ): Promise<{ ruleset: Ruleset } | { errors: FieldError[] } | undefined>;
  /** Opens nothing any more; what it opened goes on. Answers false for an unknown id. */
  remove(organisationId: string, id: string, tx?: Queryable): Promise<boolean>;
  get(organisationId: string, id: string): Promise<Ruleset | undefined>;
  /** In the order of their numbers, from the one after `after`. */
  list(organisationId: string, page: { limit: number; after?: number | undefined }): Promise<Ruleset[]>;
  /** What `create` would answer as errors, without storing anything. */
  findUnknown(organisationId: string, draft: RulesetDraft): Promise<FieldError[]>;
  /** The enabled rulesets of several organisations, by number: for the inbox, which works across organisations. */
  loadForEvaluation(organisationIds: string[], tx?: Queryable): Promise<FiringRuleset[]>;
  /** Of those, the ones that ask for incidents made by API (domain/ruleset/offer.ts). */
  loadForApiIncidents(organisationId: string): Promise<FiringRuleset[]>;
}

const columns = [
  'id',
  'organisationId',
  'number',
  'teamId',
  'level',
  'ruleType',
  'name',
  'description',
  'incidentKey',
  'urgency',
  'severity',
  'priority',
  'conditions',
  'assignees',
  'webhookId',
  'enabled',
  'acknowledgementTimeout',
  'autoResolveTimeout',
  'quietResolve',
  'escalationPolicyId',
  'supportHours',
  'version',
  'createdAt',
];

export function createRulesetStore(sql: Sql): RulesetStore {
  return {
    async create(organisationId, draft, tx) {
      const store = async (open: Queryable) => {
        const errors = await findUnknown(open, organisationId, draft);
        return errors.length > 0 ? { errors } : { ruleset: await insert(open, organisationId, draft) };
      };
      return tx ? store(tx) : sql.begin(store);
    },

    async update(organisationId, id, change, tx) {
      const [stored] = await tx<Ruleset[]>`
        SELECT ${tx(columns)} FROM rulesets
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
      if (!stored) return undefined;
      const changed = change(stored);
      if ('errors' in changed) return changed;
      const errors = await findUnknown(tx, organisationId, changed.draft);
      return errors.length > 0 ? { errors } : { ruleset: await replace(tx, organisationId, id, changed.draft) };
    },

    async remove(organisationId, id, tx = sql) {
      const [removed] = await tx`
        WITH removed AS (
          UPDATE rulesets SET deleted_at = now()
          WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
          RETURNING organisation_id, id
        ), idle AS (
          UPDATE action_definitions d SET deleted_at = now() FROM removed
          WHERE d.organisation_id = removed.organisation_id AND d.ruleset_id = removed.id AND d.deleted_at IS NULL
        )
        UPDATE organisations o SET rulesets_version = rulesets_version + 1 FROM removed
        WHERE o.id = removed.organisation_id
        RETURNING o.id`;
      return removed !== undefined;
    },

    async get(organisationId, id) {
      const [row] = await sql<Ruleset[]>`
        SELECT ${sql(columns)} FROM rulesets WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    async list(organisationId, { limit, after = 0 }) {
      const rows = await sql<Ruleset[]>`
        SELECT ${sql(columns)} FROM rulesets WHERE organisation_id = ${organisationId} AND number > ${after} AND deleted_at IS NULL
        ORDER BY number LIMIT ${limit}`;
      return [...rows];
    },

    findUnknown: (organisationId, draft) => findUnknown(sql, organisationId, draft),

    async loadForEvaluation(organisationIds, tx = sql) {
      const rows = await tx<FiringRuleset[]>`
        SELECT ${sql(columns)}, ${actionsOf(sql)} AS actions
        FROM rulesets WHERE organisation_id = ANY(${organisationIds}::uuid[]) AND enabled AND deleted_at IS NULL
        ORDER BY organisation_id, number`;
      return [...rows];
    },

    async loadForApiIncidents(organisationId) {
      const check = [{ type: 'metadata-check', key: apiKeyCheck }];
      const rows = await sql<FiringRuleset[]>`
        SELECT ${sql(columns)}, ${actionsOf(sql)} AS actions
        FROM rulesets WHERE organisation_id = ${organisationId} AND enabled AND deleted_at IS NULL
          AND webhook_id IS NULL AND conditions @> ${sql.json(check)}
        ORDER BY number`;
      return [...rows];
    },
  };
}

function actionsOf(sql: Queryable) {
  return sql`coalesce((
    SELECT jsonb_agg(
      jsonb_build_object('definitionId', d.id, 'type', d.type, 'subscriptionId', d.settings->0->>'subscription_id')
      ORDER BY d.position, d.id)
    FROM action_definitions d
    WHERE d.organisation_id = rulesets.organisation_id AND d.ruleset_id = rulesets.id AND d.deleted_at IS NULL
  ), '[]')`;
}

async function insert(tx: Queryable, organisationId: string, draft: RulesetDraft): Promise<Ruleset> {
  const [row] = await tx<Ruleset[]>`
    WITH counted AS (
      INSERT INTO counters (organisation_id, kind, value) VALUES (${organisationId}, 'ruleset', 1)
      ON CONFLICT (organisation_id, kind) DO UPDATE SET value = counters.value + 1
      RETURNING value
    ), noticed AS (
      UPDATE organisations SET rulesets_version = rulesets_version + 1 WHERE id = ${organisationId}
    )
    INSERT INTO rulesets (
      id, organisation_id, number, team_id, level, rule_type, name, description, incident_key, urgency, severity,
      priority, conditions, assignees, webhook_id, enabled, acknowledgement_timeout, auto_resolve_timeout,
      quiet_resolve, escalation_policy_id, support_hours)
    SELECT ${uuid()}::uuid, ${organisationId}::uuid, counted.value, ${draft.teamId}::uuid, ${draft.level},
      ${draft.ruleType}, ${draft.name}, ${draft.description}, ${draft.incidentKey}::text, ${draft.urgency},
      ${draft.severity}::text, ${draft.priority}::text, ${tx.json(draft.conditions as never)},
      ${assigneesJson(tx, draft)}, ${draft.webhookId}::uuid, ${draft.enabled}::boolean,
      ${draft.acknowledgementTimeout}::integer, ${draft.autoResolveTimeout}::integer, ${draft.quietResolve}::integer,
      ${draft.escalationPolicyId}::uuid, ${supportHoursJson(tx, draft)}
    FROM counted
    RETURNING ${tx(columns)}`;
  if (!row) throw new Error('The ruleset was not stored.');
  return row;
}

async function replace(tx: Queryable, organisationId: string, id: string, draft: RulesetDraft): Promise<Ruleset> {
  const [row] = await tx<Ruleset[]>`
    WITH replaced AS (
      UPDATE rulesets SET
        team_id = ${draft.teamId}, level = ${draft.level}, rule_type = ${draft.ruleType}, name = ${draft.name},
        description = ${draft.description}, incident_key = ${draft.incidentKey}, urgency = ${draft.urgency},
        severity = ${draft.severity}, priority = ${draft.priority},
        conditions = ${tx.json(draft.conditions as never)}, assignees = ${assigneesJson(tx, draft)},
        webhook_id = ${draft.webhookId}, enabled = ${draft.enabled},
        acknowledgement_timeout = ${draft.acknowledgementTimeout}, auto_resolve_timeout = ${draft.autoResolveTimeout},
        quiet_resolve = ${draft.quietResolve}, escalation_policy_id = ${draft.escalationPolicyId},
        support_hours = ${supportHoursJson(tx, draft)}, version = version + 1
      WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
      RETURNING *
    ), noticed AS (
      UPDATE organisations o SET rulesets_version = rulesets_version + 1 FROM replaced
      WHERE o.id = replaced.organisation_id
    )
    SELECT ${tx(columns)} FROM replaced`;
  if (!row) throw new Error('The ruleset was not stored.');
  return row;
}

/** Ids as Postgres writes them, so that they compare as text. */
function assigneesJson(tx: Queryable, { assignees }: RulesetDraft) {
  return tx.json(assignees.map(({ type, id }) => ({ type, id: id.toLowerCase() })) as never);
}

function supportHoursJson(tx: Queryable, { supportHours }: RulesetDraft) {
  return supportHours === null ? null : tx.json(supportHours as never);
}

/** Names what the organisation does not have; what it has stays locked until the ruleset is stored. */
async function findUnknown(tx: Queryable, organisationId: string, draft: RulesetDraft): Promise<FieldError[]> {
  const { assignees } = draft;
  const idsOf = (type: string) => assignees.filter((assignee) => assignee.type === type).map(({ id }) => id);
  const [teams, members, webhooks, policies] = await Promise.all([
    tx<{ id: string }[]>`SELECT id FROM teams
      WHERE organisation_id = ${organisationId} AND id = ANY(${[draft.teamId, ...idsOf('team'), ...idsOf('schedule')]}::uuid[]) AND deleted_at IS NULL FOR KEY SHARE`,
    tx<{ id: string }[]>`SELECT id FROM members
      WHERE organisation_id = ${organisationId} AND id = ANY(${idsOf('member')}::uuid[]) AND deleted_at IS NULL FOR KEY SHARE`,
    tx<{ id: string }[]>`SELECT id FROM webhooks
      WHERE organisation_id = ${organisationId} AND id = ${draft.webhookId} AND deleted_at IS NULL FOR KEY SHARE`,
    tx<{ id: string }[]>`SELECT id FROM escalation_policies
      WHERE organisation_id = ${organisationId} AND id = ${draft.escalationPolicyId} AND deleted_at IS NULL FOR KEY SHARE`,
  ]);
  const isTeam = new Set(teams.map(({ id }) => id));
  const isMember = new Set(members.map(({ id }) => id));

  const errors: FieldError[] = [];
  if (!isTeam.has(draft.teamId.toLowerCase()))
    errors.push({ field: 'team_id', message: 'is not a team of this organisation' });
  for (const [index, { type, id }] of assignees.entries())
    // A schedule bears its team's id.
    if (!(type === 'member' ? isMember : isTeam).has(id.toLowerCase()))
      errors.push({ field: `assignees[${index}].id`, message: `is not a ${type} of this organisation` });
  if (draft.webhookId !== null && webhooks.length === 0)
    errors.push({ field: 'webhook_id', message: 'is not a webhook of this organisation' });
  if (draft.escalationPolicyId !== null && policies.length === 0)
    errors.push({ field: 'escalation_policy_id', message: 'is not an escalation policy of this organisation' });
  return errors;
}
