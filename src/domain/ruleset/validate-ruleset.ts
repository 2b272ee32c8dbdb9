import type { FieldError } from '../error-code.ts';
import { longestTimeout, urgencies } from '../incident/incident.ts';
import { parseDecimal } from '../json/decimal.ts';
import { isStorable } from '../json/storable.ts';
import { conditionTypes } from './condition.ts';
import { compilePattern, operators, type ValueKind } from './operators.ts';
import { type Condition, type RulesetDraft, rulesetLevels } from './ruleset.ts';

export const mostConditions = 100;
export const mostValues = 100;
export const longestValue = 1_024;
export const longestName = 255;
export const longestDescription = 15_000;
export const mostAssignees = 50;
/** Instructions of all patterns together: what keeps one evaluation of the ruleset below a second or so. */
export const largestProgram = 20_000;

/** Everything that is wrong with a draft, all at once; empty when it can be saved. Fields carry their API names. */
export function validateRuleset(draft: RulesetDraft): FieldError[] {
  const errors: FieldError[] = [];
  const report = (field: string, message: string | null) => {
    if (message !== null) errors.push({ field, message });
  };

  if (draft.ruleType !== 'webhook')
    report(
      'rule_type',
      (draft.ruleType as string) === 'state-change'
        ? 'state-change is not available yet; use webhook'
        : 'must be webhook',
    );
  report('level', oneOf(draft.level, rulesetLevels));
  report('name', draft.name.trim() === '' ? 'must not be empty' : text(draft.name, longestName));
  report('description', text(draft.description, longestDescription));
  report('urgency', oneOf(draft.urgency, urgencies));
  report('acknowledgement_timeout', timeout(draft.acknowledgementTimeout));
  report('auto_resolve_timeout', timeout(draft.autoResolveTimeout));
  validateAssignees(draft, report);
  validateConditions(draft.conditions, report);
  return errors;
}

type Report = (field: string, message: string | null) => void;

function validateAssignees({ assignees }: RulesetDraft, report: Report): void {
  if (assignees.length > mostAssignees) return report('assignees', `must be at most ${mostAssignees}`);
  const seen = new Set<string>();
  for (const [index, { type, id }] of assignees.entries()) {
    report(`assignees[${index}].type`, oneOf(type, ['team', 'member']));
    if (seen.has(`${type} ${id}`)) report(`assignees[${index}]`, 'is there already');
    seen.add(`${type} ${id}`);
  }
}

function validateConditions(conditions: Condition[], report: Report): void {
  // What exceeds the bound is not looked at: a report of a million lines helps nobody.
  if (conditions.length > mostConditions) return report('conditions', `must be at most ${mostConditions}`);
  let program = 0;
  for (const [index, { type, key, operator, values }] of conditions.entries()) {
    const field = `conditions[${index}]`;
    const conditionType = conditionTypes.get(type);
    if (!conditionType) report(`${field}.type`, oneOf(type, [...conditionTypes.keys()]));
    const compiled = (conditionType ?? conditionTypes.get('json-check'))?.compileKey(key);
    if (compiled && 'error' in compiled) report(`${field}.key`, compiled.error);
    const kind = operators.get(operator)?.values;
    if (!kind) report(`${field}.operator`, oneOf(operator, [...operators.keys()]));
    // Compiling takes time too: past the bound, no pattern is looked at any more.
    else if (kind !== 'pattern' || program <= largestProgram)
      program += validateValues(`${field}.values`, kind, operator, values, report);
  }
  if (program > largestProgram)
    report('conditions', 'have patterns that are too large together; use fewer or shorter ones');
}

/** Answers the size of the patterns among the values. */
function validateValues(field: string, kind: ValueKind, operator: string, values: string[], report: Report): number {
  if (kind === 'none') {
    report(field, values.length > 0 ? `must be empty: ${operator} takes no values` : null);
    return 0;
  }
  if (values.length === 0) report(field, `must not be empty: ${operator} compares with at least one value`);
  if (values.length > mostValues) {
    report(field, `must be at most ${mostValues}`);
    return 0;
  }
  let program = 0;
  for (const [index, value] of values.entries()) {
    const checked = validateValue(kind, value);
    report(`${field}[${index}]`, checked.error);
    program += checked.program;
    if (program > largestProgram) break;
  }
  return program;
}

function validateValue(kind: ValueKind, value: string): { error: string | null; program: number } {
  const unfit = text(value, longestValue);
  if (unfit !== null) return { error: unfit, program: 0 };
  switch (kind) {
    case 'number':
      return { error: parseDecimal(value) ? null : 'must be a number such as 10, -0.5 or 1e3', program: 0 };
    case 'some text':
      return { error: value === '' ? 'must not be empty: every text contains the empty one' : null, program: 0 };
    case 'pattern':
      return validatePattern(value);
    case 'any text':
    case 'none':
      return { error: null, program: 0 };
  }
}

function validatePattern(pattern: string): { error: string | null; program: number } {
  if (pattern === '') return { error: 'must not be empty: the empty pattern matches everything', program: 0 };
  try {
    return { error: null, program: compilePattern(pattern).programSize() };
  } catch (error) {
    return { error: `must be a pattern in RE2 syntax: ${error instanceof Error ? error.message : error}`, program: 0 };
  }
}

function text(value: string, longest: number): string | null {
  if (value.length > longest) return `must be at most ${longest} characters long`;
  return isStorable(value) ? null : 'must not contain NUL or unpaired surrogates';
}

function oneOf(value: string, choices: readonly string[]): string | null {
  return choices.includes(value) ? null : `must be one of ${choices.join(', ')}`;
}

function timeout(seconds: number | null): string | null {
  if (seconds === null || (Number.isInteger(seconds) && seconds >= 1 && seconds <= longestTimeout)) return null;
  return `must be null or a whole number of seconds from 1 to ${longestTimeout}`;
}
