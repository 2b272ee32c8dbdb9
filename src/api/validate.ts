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
  return [{ field: fieldName(issue.path, place), message: wording(issue) }];
}

function wording(issue: z.core.$ZodIssue): string {
  // Whatever the field should be, that it is there comes first.
  if (issue.input === undefined && ['invalid_type', 'invalid_value', 'invalid_format'].includes(issue.code))
    return 'is required';
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input: expected '))
    return `must be ${article(issue.expected)}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid '))
    return `must be one of ${issue.values.map(String).join(', ')}`;
  return issue.message;
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
