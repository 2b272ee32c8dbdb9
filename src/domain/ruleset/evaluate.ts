import { stringify } from 'lossless-json';
import { missing } from '../json/path.ts';
import { textOf } from '../json/scalar.ts';
import { cut } from '../template/template.ts';
import type { CompiledCondition, CompiledRuleset } from './compile-ruleset.ts';
import type { Subject } from './condition.ts';
import type { RulesetDraft } from './ruleset.ts';

/**
 * What an occurrence says about a ruleset's problem: that it is there, that it is not, or nothing. A ruleset of type
 * `webhook` is never without an answer; only `state-change` learns something from a `fails`.
 */
export type Verdict = 'holds' | 'fails' | 'no_evidence';

export interface ConditionOutcome {
  holds: boolean;
  missing: boolean;
  /** The value found as a short text, or null. */
  found: string | null;
}

export interface Evaluation {
  verdict: Verdict;
  /** In the order of the ruleset's conditions. */
  conditions: ConditionOutcome[];
}

export const longestFound = 200;

/**
 * Decides, looking at no more than it takes. All conditions must hold; a ruleset without any always does. Yields after
 * each condition, so that its caller can give others a turn.
 */
export function* decide(
  { ruleset, conditions }: CompiledRuleset<RulesetDraft>,
  subject: Subject,
): Generator<undefined, Verdict> {
  let evidence = conditions;
  if (ruleset.ruleType === 'state-change') {
    evidence = conditions.filter(({ role }) => role === 'evidence');
    for (const condition of conditions) {
      if (condition.role === 'selection' && !condition.test(condition.read(subject))) return 'no_evidence';
      yield;
    }
    if (evidence.some((condition) => lacks(condition, subject, condition.read(subject)))) return 'no_evidence';
  }
  for (const { read, test } of evidence) {
    if (!test(read(subject))) return 'fails';
    yield;
  }
  return 'holds';
}

/** The same with every condition looked at, to tell people why. */
export function* explain(
  { ruleset, conditions }: CompiledRuleset<RulesetDraft>,
  subject: Subject,
): Generator<undefined, Evaluation> {
  const outcomes: (ConditionOutcome & { speaks: boolean })[] = [];
  for (const condition of conditions) {
    const found = condition.read(subject);
    const holds = condition.test(found);
    const speaks = condition.role === 'evidence' ? !lacks(condition, subject, found) : holds;
    outcomes.push({ holds, missing: found === missing, found: shortText(found), speaks });
    yield;
  }
  const silent = ruleset.ruleType === 'state-change' && outcomes.some(({ speaks }) => !speaks);
  const verdict = silent ? 'no_evidence' : outcomes.every(({ holds }) => holds) ? 'holds' : 'fails';
  return { verdict, conditions: outcomes.map(({ holds, missing, found }) => ({ holds, missing, found })) };
}

/** Runs a generator of this file through at once. */
export function runThrough<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** No evidence either way. Of a body that cannot be read, not even that something is missing is known. */
function lacks({ needsValue }: CompiledCondition, { payload }: Subject, found: unknown): boolean {
  return found === missing && (needsValue || payload === missing);
}

function shortText(found: unknown): string | null {
  if (found === missing) return null;
  return cut(textOf(found) ?? stringify(found) ?? '', longestFound);
}
