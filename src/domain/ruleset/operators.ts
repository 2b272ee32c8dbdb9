import { RE2JS } from 're2js';
import { compareDecimals, type Decimal, parseDecimal } from '../json/decimal.ts';
import { missing } from '../json/path.ts';
import { decimalOf, textOf } from '../json/scalar.ts';

/** What an operator's values must be. `none`: an empty list. */
export type ValueKind = 'none' | 'any text' | 'some text' | 'number' | 'pattern';

/** Decides about the value found, or `missing`. */
export type Test = (found: unknown) => boolean;

export interface Operator {
  values: ValueKind;
  /** Of several values found, all must pass it, not just one. */
  negated?: true;
  /** Values are known to be of the right kind. */
  compile(values: string[]): Test;
}

/** How much of a text `matches` searches: what keeps the largest pattern well below a second. */
export const longestSearched = 16_384;

/**
 * The operators by name. `values` is any-of; a negation holds when none of them does. A path that leads nowhere is no
 * evidence: only `exists` and `not-exists` say anything about it.
 */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['equal', { values: 'any text', compile: equal }],
  ['not-equal', { values: 'any text', negated: true, compile: (values) => present(not(equal(values))) }],
  ['contains', { values: 'some text', compile: contains }],
  ['not-contains', { values: 'some text', negated: true, compile: (values) => present(not(contains(values))) }],
  [
    'starts-with',
    { values: 'some text', compile: (values) => onText(values, (text, value) => text.startsWith(value)) },
  ],
  ['ends-with', { values: 'some text', compile: (values) => onText(values, (text, value) => text.endsWith(value)) }],
  ['greater-than', { values: 'number', compile: (values) => onNumber(values, (order) => order > 0) }],
  ['greater-than-or-equal', { values: 'number', compile: (values) => onNumber(values, (order) => order >= 0) }],
  ['less-than', { values: 'number', compile: (values) => onNumber(values, (order) => order < 0) }],
  ['less-than-or-equal', { values: 'number', compile: (values) => onNumber(values, (order) => order <= 0) }],
  ['exists', { values: 'none', compile: () => (found) => found !== missing }],
  ['not-exists', { values: 'none', negated: true, compile: () => (found) => found === missing }],
  ['matches', { values: 'pattern', compile: matches }],
]);

/** RE2 syntax, linear time: no lookaround, no backreferences. Throws with a message that says what is wrong. */
export function compilePattern(pattern: string): RE2JS {
  return RE2JS.compile(pattern);
}

/** Texts compare by character, numbers by size, `true`, `false` and `null` by name; lists and objects equal nothing. */
function equal(values: string[]): Test {
  const texts = new Set(values);
  const numbers = values.map(parseDecimal).filter((number) => number !== null);
  return (found) => {
    if (found === null) return texts.has('null');
    if (typeof found === 'string' || typeof found === 'boolean') return texts.has(String(found));
    const number = decimalOf(found);
    return number !== null && numbers.some((value) => compareDecimals(number, value) === 0);
  };
}

/** Part of a text, or one element of a list. */
function contains(values: string[]): Test {
  const isElement = equal(values);
  const isPart = onText(values, (text, value) => text.includes(value));
  return (found) => (Array.isArray(found) ? found.some(isElement) : isPart(found));
}

function matches(values: string[]): Test {
  const patterns = values.map(compilePattern);
  return (found) => {
    const text = textOf(found)?.slice(0, longestSearched);
    return text !== undefined && patterns.some((pattern) => pattern.test(text));
  };
}

function onText(values: string[], holds: (text: string, value: string) => boolean): Test {
  return (found) => {
    const text = textOf(found);
    return text !== null && values.some((value) => holds(text, value));
  };
}

/** Numbers, and texts that hold one. */
function onNumber(values: string[], holds: (order: number) => boolean): Test {
  const numbers = values.map(parseDecimal).filter((number): number is Decimal => number !== null);
  return (found) => {
    const number = typeof found === 'string' ? parseDecimal(found) : decimalOf(found);
    return number !== null && numbers.some((value) => holds(compareDecimals(number, value)));
  };
}

function not(test: Test): Test {
  return (found) => !test(found);
}

function present(test: Test): Test {
  return (found) => found !== missing && test(found);
}
