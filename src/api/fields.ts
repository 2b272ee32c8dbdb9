import { z } from 'zod';
import { longestTimeout, urgencies } from '../domain/incident/incident.ts';

/** Field types that several routes share. Every text is bounded, and holds only what Postgres can store. */

/** A string of `min` to `max` UTF-16 units, neither blank nor with characters that text columns or jsonb refuse. */
export function text(max: number, min = 1) {
  return z
    .string()
    .max(max, `must be at most ${max} characters long`)
    .refine(
      (value) => value.trim().length >= min,
      min === 1 ? 'must not be blank' : `must have ${min} characters or more`,
    )
    .refine((value) => !value.includes('\0'), 'must not contain a NUL character')
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must not contain a lone surrogate')
    .meta({ minLength: min });
}

/** Like `text`, but may be empty or blank. */
export function optionalText(max: number) {
  return text(max, 0);
}

/** Upper case is taken and made lower: ids are compared as text in places. */
export const id = z.uuid('must be a UUID').toLowerCase();
export const timestamp = z.iso.datetime();
export const urgency = z.enum(urgencies);

export const email = text(254).pipe(z.email('must be an e-mail address'));

export const timeZone = text(64)
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
  .meta({ examples: ['Europe/Berlin'] });

/** Where a person or a monitor can be reached over HTTP. Nothing is fetched from it, so private hosts are fine. */
export const httpUrl = text(2_048)
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'must be an http:// or https:// URL',
  )
  .meta({ format: 'uri' });

/** Seconds; null switches the timer off. */
export const timeout = z
  .int('must be a whole number of seconds, or null')
  .min(1, 'must be 1 second or more')
  .max(longestTimeout, `must be at most ${longestTimeout} seconds`)
  .nullable();

export const assignee = z
  .strictObject({ type: z.enum(['team', 'member']), id })
  .meta({ id: 'Assignee', description: 'A whole team, or one member.' });

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

/** One or several of `values`: `?status=a&status=b` or `?status=a,b`. */
export function queryList<const Values extends readonly [string, ...string[]]>(values: Values) {
  const message = `must be one or more of ${values.join(', ')}`;
  return z
    .union([z.string(), z.array(z.string())], message)
    .transform((given) => [given].flat().flatMap((item) => item.split(',')))
    .pipe(z.array(z.enum(values, message)).max(20))
    .optional()
    .meta({ jsonSchema: { type: 'array', items: { type: 'string', enum: [...values] } } });
}

/** The parameters of a path with one id. */
export const pathId = z.object({ id });

/** What every list takes. */
export const page = { limit: queryInteger(1, 200, 50), cursor: z.string('must be given once').max(2_000).optional() };

export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Give it as `cursor` to read on; null on the last page.' });

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
