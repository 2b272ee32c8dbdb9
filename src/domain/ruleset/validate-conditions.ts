import type { FieldError } from '../error-code.ts';
import { parseDecimal } from '../json/decimal.ts';
import { isStorable } from '../json/storable.ts';
import { conditionTypes } from './condition.ts';
import { compilePattern, operators, type ValueKind } from './operators.ts';
import type { Condition } from './ruleset.ts';

export const mostConditions = 100;
export const mostValues = 100;
export const longestValue = 1_024;
/** Instructions of all patterns together: what keeps one evaluation of the ruleset below a second or so. */
export const largestProgram = 20_000;

export type Report = (field: FieldError['field'], message: string | null) => void;

export function validateConditions(conditions: Condition[], report: Report): void {
  // What exceeds the bound is not looked at: a report of a million lines helps nobody.
  if (conditions.length > mostConditions) return report('conditions', `must be at most ${mostConditions}`);
  let program = 0;
  for (const [index, { type, key, operator, values }] of conditions.entries()) {
    const field = `conditions[${index}]`;
    // What a key has to be is known with the type.
    const conditionType = conditionTypes.get(type);
    if (!conditionType) report(`${field}.type`, oneOf(type, [...conditionTypes.keys()]));
    const compiled = conditionType?.compileKey(key);
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

/** Characters are counted as Postgres and JSON Schema do: one outside the basic plane is one. */
export function text(value: string, longest: number): string | null {
  const isLonger = value.length > longest && (value.length > 2 * longest || [...value].length > longest);
  if (isLonger) return `must be at most ${longest} characters long`;
  return isStorable(value) ? null : 'must not contain NUL or unpaired surrogates';
}

export function oneOf(value: string, choices: readonly string[]): string | null {
  return choices.includes(value) ? null : `must be one of ${choices.join(', ')}`;
}
