import { missing } from '../json/path.ts';
import type { CompiledCondition, CompiledRuleset } from './compile-ruleset.ts';
import type { Subject } from './condition.ts';

export interface Evaluation {
  matched: boolean;
  /** In the order of the ruleset's conditions. */
  conditions: { holds: boolean; missing: boolean }[];
}

/** Every condition with its outcome, to tell people why. All must hold; a ruleset without conditions always matches. */
export function evaluate({ conditions }: CompiledRuleset, subject: Subject): Evaluation {
  const outcomes = conditions.map(({ read, test }) => {
    const found = read(subject);
    return { holds: test(found), missing: found === missing };
  });
  return { matched: outcomes.every(({ holds }) => holds), conditions: outcomes };
}

/** One condition alone, for callers that stop at the first that fails. */
export function holds({ read, test }: CompiledCondition, subject: Subject): boolean {
  return test(read(subject));
}
