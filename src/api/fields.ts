import { z } from 'zod';
import { assigneeTypes, longestTimeout, urgencies } from '../domain/incident/incident.ts';

/** Field types that several routes share. Every text is bounded, and holds only what Postgres can store. */

/** Something to see: white space by anyone's definition and control characters are not enough. */
const visible = /[^\s\u0000-\u001f\u007f-\u009f\ufeff]/;
const patterns = ['^[^\\u0000]*$', `^[^\\u0000]*${visible.source}[^\\u0000]*$`] as const;

/**
 * A string of `min` to `max` characters, neither blank (unless `min` is 0) nor with characters that text columns or
 * jsonb refuse. OpenAPI says the same, but for lone surrogates.
 */
export function text(max: number, min: 0 | 1 = 1) {
  return z
    .string()
    .refine((value) => isAtMost(value, max), { error: `must be at most ${max} characters long`, abort: true })
    .refine((value) => min === 0 || visible.test(value), 'must not be blank')
    .refine((value) => !value.includes('\0'), 'must not contain a NUL character')
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must not contain a lone surrogate')
    .meta({ minLength: min, maxLength: max, pattern: patterns[min] });
}

/** Counts characters as JSON Schema and Postgres do: one outside the basic plane is one. */
function isAtMost(value: string, max: number): boolean {
  return value.length <= max || (value.length <= 2 * max && [...value].length <= max);
}

/** Like `text`, but may be empty or blank. */
export function optionalText(max: number) {
  return text(max, 0);
}

/** Upper case is taken and made lower: ids are compared as text in places. */
export const id = z.uuid('must be a UUID').toLowerCase();
export const timestamp = z.iso.datetime();
export const urgency = z.enum(urgencies);

/** An address that mail servers take: no quotes, at most 64 characters before the `@` and 63 between two dots after it. */
const emailPattern =
  /^(?=[^@]{1,64}@)[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;

export const email = text(254)
  .refine((value) => emailPattern.test(value), 'must be an e-mail address')
  .meta({ format: 'email', pattern: emailPattern.source });

export const timeZone = text(64)
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
  .meta({ examples: ['Europe/Berlin'] });

/** Where a person or a monitor can be reached over HTTP. Nothing is fetched from it, so private hosts are fine. */
export const httpUrl = text(2_048)
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'must be an http:// or https:// URL',
  )
  .meta({ format: 'uri', pattern: '^[hH][tT][tT][pP][sS]?://' });

/** Seconds; null switches the timer off. */
export const timeout = z
  .int('must be a whole number of seconds, or null')
  .min(1, 'must be 1 second or more')
  .max(longestTimeout, `must be at most ${longestTimeout} seconds`)
  .nullable();

export const assignee = z.strictObject({ type: z.enum(assigneeTypes), id }).meta({
  id: 'Assignee',
  description: "A whole team, one member, or whom a team's schedule has on call (by the team's id).",
});

export const assignees = z.array(assignee).max(50, 'must name at most 50 assignees');

/** A whole number in the query string, kept as a number; in OpenAPI an integer. */
export function queryInteger(min: number, max: number, fallback: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(fallback)
    .meta({ jsonSchema: { type: 'integer', minimum: min, maximum: max, default: fallback } });
}

/**
 * A time in the query string, as UTC to the last digit given: what Postgres makes of far-off offsets and years are
 * errors of its own.
 */
export const queryTime = z
  .string('must be given once')
  // A plus sign that was not escaped arrives as a blank.
  .transform((text) => text.replace(/ (?=\d\d:\d\d$)/, '+'))
  .pipe(z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-03-15T19:09:39Z' }))
  .transform((text) => {
    const fraction = /\.\d+/.exec(text)?.[0] ?? '';
    return new Date(text.replace(fraction, '')).toISOString().replace('.000', fraction.slice(0, 10));
  })
  .refine((text) => /^(?!0000)\d{4}-/.test(text), 'must be in the years from 1 to 9999')
  .meta({ jsonSchema: { type: 'string', format: 'date-time' } });

/** One or several of `values`: `?status=a&status=b` or `?status=a,b`. */
export function queryList<const Values extends readonly [string, ...string[]]>(values: Values) {
  const message = `must be one or more of ${values.join(', ')}`;
  return z
    .union([z.string(), z.array(z.string())], message)
    .transform((given) => [given].flat().flatMap((item) => item.split(',')))
    .pipe(z.array(z.enum(values, message)).max(20, 'must be at most 20'))
    .optional()
    .meta({ jsonSchema: { type: 'array', items: { type: 'string', enum: [...values] }, maxItems: 20 } });
}

/** The parameters of a path with one id. */
export const pathId = z.object({ id });

/** An answer that only says to people what happened, such as `example`. */
export function messageOf(example: string) {
  return z.object({ message: z.string().meta({ examples: [example] }) });
}

/** The answer to a change: a message for people beside what was changed. */
export function withMessage<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, id: string, message: string) {
  const examples = (schema.meta()?.examples ?? []) as object[];
  const shape = { ...schema.shape, message: z.string() };
  return z.object(shape).meta({ id, examples: examples.map((example) => ({ message, ...example })) });
}

/** What every list takes. */
export const page = { limit: queryInteger(1, 200, 50), cursor: z.string('must be given once').max(2_000).optional() };

export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Give it as `cursor` to read on; null on the last page.', examples: [null] });

function isTimeZone(value: string): boolean {
  // Offsets such as +02:00 pass in newer engines; they know no daylight saving and are refused.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
