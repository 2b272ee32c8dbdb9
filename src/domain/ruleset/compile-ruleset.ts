import type { Reader } from './condition.ts';
import { conditionTypes } from './condition.ts';
import { operators, type Test } from './operators.ts';
import type { Condition, Ruleset } from './ruleset.ts';

export interface CompiledCondition {
  read: Reader;
  test: Test;
}

/** A ruleset with its paths, numbers and patterns read once. */
export interface CompiledRuleset {
  ruleset: Ruleset;
  conditions: CompiledCondition[];
}

/** Throws on a ruleset that `validateRuleset` would refuse. */
export function compileRuleset(ruleset: Ruleset): CompiledRuleset {
  return { ruleset, conditions: ruleset.conditions.map(compileCondition) };
}

function compileCondition({ type, key, operator, values }: Condition, index: number): CompiledCondition {
  const compiled = conditionTypes.get(type)?.compileKey(key);
  const test = operators.get(operator)?.compile(values);
  if (!compiled || 'error' in compiled || !test)
    throw new Error(`conditions[${index}] cannot be compiled: ${type} ${operator}`);
  return { read: compiled.read, test };
}
