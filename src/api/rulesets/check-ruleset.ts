import { z } from 'zod';
import type { FieldError } from '../../domain/error-code.ts';
import type { Condition, RulesetDraft } from '../../domain/ruleset/ruleset.ts';
import { validateRuleset } from '../../domain/ruleset/validate-ruleset.ts';
import { bodyOf, draftOf, fields, type changedRuleset } from './schema.ts';

/** Good values, for fields that did not come or whose shape is wrong: those are left to the schema. */
const standIns: RulesetDraft = {
  ruleType: 'webhook',
  conditions: [{ type: 'json-check', key: 'a', operator: 'equal', values: ['a'] }],
  level: 'team',
  teamId: '',
  name: 'name',
  description: '',
  incidentKey: null,
  urgency: 'low',
  severity: null,
  priority: null,
  assignees: [],
  webhookId: null,
  enabled: true,
  acknowledgementTimeout: null,
  autoResolveTimeout: null,
  quietResolve: null,
  escalationPolicyId: null,
  supportHours: null,
};

/** The rules of rulesets over a body as it came, whole or in part. */
export function checkRuleset(given: unknown): FieldError[] {
  if (typeof given !== 'object' || given === null) return [];
  const body: Record<string, unknown> = bodyOf(standIns);
  for (const [name, schema] of Object.entries(fields)) {
    if (!Object.hasOwn(given, name)) continue;
    const value: unknown = given[name as never];
    const parsed = name === 'conditions' ? { success: true, data: conditionsOf(value) } : schema.safeParse(value);
    if (parsed.success) body[name] = parsed.data;
  }
  return validateRuleset(draftOf(body as ReturnType<typeof bodyOf>));
}

/**
 * The rules over a ruleset that is changed by `body`. They need not hold for texts that stay: earlier releases had no
 * templates, and what is no template there is taken as it stands.
 */
export function changeRuleset(
  stored: RulesetDraft,
  body: z.output<typeof changedRuleset>,
): { draft: RulesetDraft } | { errors: FieldError[] } {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  const draft = draftOf({ ...bodyOf(stored), ...given });
  const stays = (field: string) => ['name', 'description'].includes(field) && !(field in given);
  const errors = validateRuleset(draft).filter(({ field }) => !stays(field));
  return errors.length > 0 ? { errors } : { draft };
}

/** Each condition as far as it can be read, so that one of a wrong shape does not keep quiet about the others. */
function conditionsOf(given: unknown): Condition[] {
  if (!Array.isArray(given) || given.length > 100) return standIns.conditions;
  return given.map((item: unknown) => {
    const { type, key = '', operator, values = [] } = (item ?? {}) as Record<string, unknown>;
    const known = { type: one(z.string(), type, 'json-check'), key: one(z.string(), key, 'a') };
    if (typeof operator !== 'string') return { ...known, operator: 'exists', values: [] };
    return { ...known, operator, values: one(z.array(z.string()), values, ['1']) };
  });
}

function one<T>(schema: z.ZodType<T>, value: unknown, fallback: T): T {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : fallback;
}
