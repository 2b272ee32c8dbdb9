import type { z } from 'zod';
import type { FieldError } from '../domain/error-code.ts';

export type Validated<Value> = { value: Value; errors: [] } | { value: undefined; errors: FieldError[] };

/** Parses `value`, naming every faulty field at once; `place` stands before each name (`query.limit`), or is empty. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place = '',
): Validated<z.output<Schema>> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { value: parsed.data, errors: [] };
  return { value: undefined, errors: parsed.error.issues.flatMap((issue) => fieldErrors(issue, place)) };
}

/** `['conditions', 0, 'key']` → `conditions[0].key`; an empty path is the body itself. */
export function fieldName(path: readonly PropertyKey[], place = ''): string {
  const name = path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    // A key out of the request may be of any length.
    const key = String(step).slice(0, 100);
    return text === '' ? key : `${text}.${key}`;
  }, place);
  return name === '' ? 'body' : name;
}

/** The first error of each field: later ones only repeat in other words what is wrong with it. */
export function firstOfEach(errors: FieldError[]): FieldError[] {
  const seen = new Set<string>();
  return errors.filter(({ field }) => !seen.has(field) && seen.add(field));
}

function fieldErrors(issue: z.core.$ZodIssue, place: string): FieldError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, 100)
      .map((key) => ({ field: fieldName([...issue.path, key], place), message: 'is not a known field' }));
  // Of several shapes, the one that was meant is the one it has on the outside: an array, an object.
  const meant = issue.code === 'invalid_union' && issue.message === 'Invalid input' ? shapeMeant(issue) : undefined;
  if (meant) return meant.flatMap((inner) => fieldErrors({ ...inner, path: [...issue.path, ...inner.path] }, place));
  return [{ field: fieldName(issue.path, place), message: wording(issue) }];
}

function shapeMeant({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const isOther = (issues: z.core.$ZodIssue[]) =>
    issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  return errors.find((issues) => !isOther(issues));
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) return choice(issue);
  // Whatever the field should be, that it is there comes first.
  if (issue.input === undefined && ['invalid_type', 'invalid_value', 'invalid_format'].includes(issue.code))
    return 'is required';
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input: expected '))
    return `must be ${article(issue.expected)}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid '))
    return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_big' && issue.message.startsWith('Too big')) return `must be at most ${issue.maximum}`;
  if (issue.code === 'too_small' && issue.message.startsWith('Too small')) return `must be at least ${issue.minimum}`;
  return issue.message;
}

/** Which of several shapes it is, a field says. */
function choice({ input, path, ...issue }: z.core.$ZodIssueInvalidUnion): string {
  const field = String(path.at(-1));
  if (typeof input === 'object' && input !== null && !Object.hasOwn(input, field)) return 'is required';
  return 'options' in issue ? `must be one of ${issue.options?.join(', ')}` : issue.message;
}

function article(expected: string): string {
  const names: Record<string, string> = {
    int: 'a whole number',
    array: 'an array',
    object: 'an object',
    boolean: 'true or false',
  };
  return names[expected] ?? `a ${expected}`;
}
