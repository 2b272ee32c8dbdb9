import { z } from 'zod';
import type { FieldError } from '../../domain/error-code.ts';
import {
  type Assignee,
  defaultAcknowledgementTimeout,
  defaultAutoResolveTimeout,
} from '../../domain/incident/incident.ts';
import {
  ruleTypes,
  rulesetLevels,
  type Condition,
  type Ruleset,
  type RulesetDraft,
} from '../../domain/ruleset/ruleset.ts';
import { validateRuleset } from '../../domain/ruleset/validate-ruleset.ts';
import { assignee, assignees, id, optionalText, text, timeout, timestamp, urgency } from '../fields.ts';

const condition = z
  .strictObject({
    type: z.string().meta({ description: '`json-check`: a value in the payload.' }),
    key: z.string().meta({ description: 'A path such as `products[0].count`, or a JSON Pointer.' }),
    operator: z.string(),
    values: z.array(z.string()).default([]).meta({ description: 'Any of them.' }),
  })
  .meta({ id: 'Condition' });

export const newRuleset = z.strictObject({
  rule_type: z.enum(ruleTypes),
  conditions: z.array(condition).max(100).meta({ description: 'All must hold; none: every event matches.' }),
  level: z.enum(rulesetLevels),
  team_id: id,
  name: text(255),
  description: optionalText(15_000),
  urgency,
  assignees: assignees.default([]).meta({ description: 'Empty: the team.' }),
  webhook_id: id.nullable().default(null).meta({ description: 'Only events of this webhook.' }),
  enabled: z.boolean().default(true),
  acknowledgement_timeout: timeout
    .default(defaultAcknowledgementTimeout)
    .meta({ description: 'Seconds until an acknowledged incident is triggered again; null: never.' }),
  auto_resolve_timeout: timeout
    .default(defaultAutoResolveTimeout)
    .meta({ description: 'Seconds until an incident resolves itself; null: never.' }),
});

export const ruleset = z
  .object({
    id,
    number: z.int(),
    rule_type: z.enum(ruleTypes),
    conditions: z.array(
      z.object({ type: z.string(), key: z.string(), operator: z.string(), values: z.array(z.string()) }),
    ),
    level: z.enum(rulesetLevels),
    team_id: id,
    name: z.string(),
    description: z.string(),
    urgency,
    assignees: z.array(assignee),
    webhook_id: id.nullable(),
    enabled: z.boolean(),
    acknowledgement_timeout: z.int().nullable(),
    auto_resolve_timeout: z.int().nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'Ruleset' });

export function draftOf(body: z.output<typeof newRuleset>): RulesetDraft {
  return {
    ruleType: body.rule_type,
    conditions: body.conditions,
    level: body.level,
    teamId: body.team_id,
    name: body.name,
    description: body.description,
    urgency: body.urgency,
    assignees: body.assignees,
    webhookId: body.webhook_id,
    enabled: body.enabled,
    acknowledgementTimeout: body.acknowledgement_timeout,
    autoResolveTimeout: body.auto_resolve_timeout,
  };
}

/**
 * The rules of rulesets over a body as it came. A field whose shape is wrong is left to the schema: a good value
 * stands in for it here.
 */
export function checkRuleset(given: unknown): FieldError[] {
  const field = (name: string): unknown =>
    typeof given === 'object' && given !== null && Object.hasOwn(given, name) ? given[name as never] : undefined;
  const { shape } = newRuleset;
  return validateRuleset({
    ruleType: one(shape.rule_type, field('rule_type'), 'webhook'),
    conditions: conditionsOf(field('conditions')),
    level: one(shape.level, field('level'), 'team'),
    teamId: '',
    name: one(shape.name, field('name'), 'name'),
    description: one(shape.description, field('description'), ''),
    urgency: one(shape.urgency, field('urgency'), 'low'),
    assignees: one<Assignee[]>(shape.assignees, field('assignees'), []),
    webhookId: null,
    enabled: true,
    acknowledgementTimeout: one(shape.acknowledgement_timeout, field('acknowledgement_timeout'), null),
    autoResolveTimeout: one(shape.auto_resolve_timeout, field('auto_resolve_timeout'), null),
  });
}

function conditionsOf(given: unknown): Condition[] {
  if (!Array.isArray(given) || given.length > 100) return [];
  return given.map((item: unknown) => {
    const { type, key, operator, values } = (item ?? {}) as Record<string, unknown>;
    const known = { type: one(z.string(), type, 'json-check'), key: one(z.string(), key, 'a') };
    if (typeof operator !== 'string') return { ...known, operator: 'exists', values: [] };
    return { ...known, operator, values: one(z.array(z.string()), values, []) };
  });
}

function one<T>(schema: z.ZodType<T>, value: unknown, fallback: T): T {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : fallback;
}

export function presentRuleset(row: Ruleset): z.input<typeof ruleset> {
  return {
    id: row.id,
    number: row.number,
    rule_type: row.ruleType,
    conditions: row.conditions,
    level: row.level,
    team_id: row.teamId,
    name: row.name,
    description: row.description,
    urgency: row.urgency,
    assignees: row.assignees,
    webhook_id: row.webhookId,
    enabled: row.enabled,
    acknowledgement_timeout: row.acknowledgementTimeout,
    auto_resolve_timeout: row.autoResolveTimeout,
    created_at: row.createdAt,
  };
}
