import { missing } from '../json/path.ts';
import type { Template } from '../template/template.ts';
import { type ConditionType, conditionTypes, type Reader } from './condition.ts';
import { type Operator, operators, type Test } from './operators.ts';
import type { Condition, FiringRuleset, RulesetDraft } from './ruleset.ts';
import { storedTemplate } from './ruleset-template.ts';

export interface CompiledCondition {
  role: ConditionType['role'];
  read: Reader;
  test: Test;
  /** Says nothing about a path that leads nowhere. */
  needsValue: boolean;
}

/** A ruleset with its paths, numbers, patterns and templates read once. */
export interface CompiledRuleset<Given extends RulesetDraft = FiringRuleset> {
  ruleset: Given;
  conditions: CompiledCondition[];
  name: Template;
  description: Template;
  incidentKey: Template | null;
}

/** Throws on conditions that `validateRuleset` would refuse. */
export function compileRuleset<Given extends RulesetDraft>(ruleset: Given): CompiledRuleset<Given> {
  return {
    ruleset,
    conditions: ruleset.conditions.map(compileCondition),
    name: storedTemplate(ruleset.name),
    description: storedTemplate(ruleset.description),
    incidentKey: ruleset.incidentKey === null ? null : storedTemplate(ruleset.incidentKey),
  };
}

function compileCondition({ type, key, operator: name, values }: Condition, index: number): CompiledCondition {
  const conditionType = conditionTypes.get(type);
  const compiled = conditionType?.compileKey(key);
  const operator = operators.get(name);
  if (!conditionType || !compiled || 'error' in compiled || !operator)
    throw new Error(`conditions[${index}] cannot be compiled: ${type} ${name}`);
  const test = operator.compile(values);
  return {
    role: conditionType.role,
    read: compiled.read,
    test: conditionType.several ? overEach(operator, test) : test,
    needsValue: operator.values !== 'none',
  };
}

/** Of several values found, one has to pass; of a negation, all. */
function overEach({ negated }: Operator, test: Test): Test {
  return (found) => {
    if (found === missing || !Array.isArray(found)) return test(found);
    return negated ? found.every(test) : found.some(test);
  };
}
