import type { FieldError } from '../../domain/error-code.ts';
import { type EscalationLevel, mostLevels, mostTargets } from '../../domain/escalation/policy.ts';
import { validatePolicy } from '../../domain/escalation/validate-policy.ts';
import { target } from './schema.ts';

/**
 * The rules of policies over a body as it came, whole or in part. What did not come, or has a wrong shape, is left to
 * the schema and does not keep quiet about the rest.
 */
export function checkPolicy(given: unknown): FieldError[] {
  const { levels, repeat_from_level: from } = (given ?? {}) as Record<string, unknown>;
  if (!isList(levels, mostLevels)) return [];
  const repeatFromLevel = Number.isSafeInteger(from) ? Number(from) : 1;
  return validatePolicy({ name: '', levels: levels.map(readableLevel), repeat: 0, repeatFromLevel });
}

function readableLevel(given: unknown): EscalationLevel {
  const { targets } = (given ?? {}) as Record<string, unknown>;
  const readable = (one: unknown, index: number) => {
    const parsed = target.safeParse(one);
    return parsed.success ? parsed.data : { type: 'team' as const, id: `no id ${index}` };
  };
  return { delay: 1, targets: isList(targets, mostTargets) ? targets.map(readable) : [], assign: 'everyone' };
}

function isList(value: unknown, most: number): value is unknown[] {
  return Array.isArray(value) && value.length > 0 && value.length <= most;
}
