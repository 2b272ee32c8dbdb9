import { z } from 'zod';
import { statusCategories } from '../../../domain/incident/status-category.ts';
import { incidentModes } from '../../../stores/incidents.ts';
import { queryTime } from '../../fields.ts';
import { incidentIoId } from '../ids.ts';
import { incidentIoPage } from '../paging.ts';
import { statusWords } from './v1-words.ts';

const mostValues = 100;
const once = (given: string | string[]) => typeof given === 'string' || given.length === 1;

/** One parameter for each value, as incident.io's clients repeat it. Gives each value once. */
function several<Value>(value: z.ZodType<Value, string>, message: string) {
  return z
    .union([z.string(), z.array(z.string())], message)
    .transform((given, context) => {
      const values = new Set([given].flat());
      const read = [...values].map((one) => value.safeParse(one));
      if (values.size <= mostValues && read.every(({ success }) => success))
        return [...new Set(read.map(({ data }) => data!))];
      context.addIssue({
        code: 'custom',
        message: values.size > mostValues ? `must be at most ${mostValues}` : message,
      });
      return z.NEVER;
    })
    .optional()
    .meta({ jsonSchema: { type: 'array', maxItems: mostValues, items: itemOf(value) } });
}

function itemOf(value: z.ZodType): Record<string, unknown> {
  const own = value.meta()?.['jsonSchema'] as Record<string, unknown> | undefined;
  return own ?? { type: 'string', enum: (value as z.ZodEnum).options };
}

const ids = several(incidentIoId, 'must be ids');
const given = z
  .union([z.string(), z.array(z.string())])
  .refine(once, 'must be given once')
  .transform((one) => [one].flat()[0]!);

const oneId = (description: string) =>
  given
    .pipe(incidentIoId)
    .optional()
    .meta({ jsonSchema: { ...itemOf(incidentIoId), description } });

/** A day is its first instant in UTC. */
const instant = z
  .string()
  .transform((text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text))
  .pipe(queryTime);
const time = given
  .pipe(instant)
  .optional()
  .meta({
    jsonSchema: {
      anyOf: [
        { type: 'string', format: 'date' },
        { type: 'string', format: 'date-time' },
      ],
      description: 'A day in UTC, which is its first instant, or an RFC 3339 time.',
    },
  });

const range = given
  .transform((text, context) => {
    const [from, until, ...rest] = text.split('~').map((end) => instant.safeParse(end).data);
    if (from !== undefined && until !== undefined && rest.length === 0 && from <= until) return { from, until };
    context.addIssue({
      code: 'custom',
      message: 'must be two days or times with a tilde between them, the earlier first',
    });
    return z.NEVER;
  })
  .optional()
  .meta({
    jsonSchema: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\d~\\d{4}-\\d\\d-\\d\\d$',
      description: 'Two days, or two times, with a tilde between: `2026-03-01~2026-03-08`.',
    },
  });

const categories = several(z.enum(statusCategories), `must be one of ${statusCategories.join(', ')}`);
const modes = several(z.enum(incidentModes), `must be one of ${incidentModes.join(', ')}`);

/** `custom_field[ID][one_of]`: which setting, and what about it. */
const dynamic = /^(custom_field|incident_role)\[([^[\]]{1,64})\]\[([a-z_]{1,20})\]$/;
const operators = { custom_field: ['one_of', 'not_in', 'is_blank'], incident_role: ['one_of', 'is_blank'] } as const;

export interface DynamicFilter {
  /** The parameter, as it was given. */
  name: string;
  kind: keyof typeof operators;
  id: string;
  operator: 'one_of' | 'not_in' | 'is_blank';
  values: string[];
}

/** The parameters that are not declared. */
const dynamicParameters = z.check<Record<string, unknown>>(({ value: query, issues }) => {
  for (const [name, value] of Object.entries(query)) {
    const message = Object.hasOwn(incidentsQueryV2.shape, name) ? undefined : dynamicFault(name, value);
    if (message !== undefined) issues.push({ code: 'custom', path: [name], message, input: value });
  }
});
// Also where others are wrong: all faults are named at once.
dynamicParameters._zod.def.when = () => true;

/** As incident.io spells them (https://docs.incident.io/api-reference/incidents-v2/list). */
export const incidentsQueryV2 = z
  .object({
    ...incidentIoPage,
    sort_by: z.enum(['created_at_newest_first', 'created_at_oldest_first']).default('created_at_newest_first'),
    filter_mode: z
      .enum(['all', 'any'])
      .default('all')
      .meta({ description: 'Whether all filters have to hold, or one.' }),
    'status[one_of]': ids,
    'status[not_in]': ids,
    'status_category[one_of]': categories,
    'status_category[not_in]': categories,
    'severity[one_of]': ids,
    'severity[not_in]': ids,
    'severity[gte]': oneId('This severe, or more so.'),
    'severity[lte]': oneId('This severe, or less so.'),
    'incident_type[one_of]': ids,
    'incident_type[not_in]': ids,
    'mode[one_of]': modes.meta({ description: 'Standard and retrospective ones unless given.' }),
    'mode[not_in]': modes,
    'created_at[gte]': time,
    'created_at[lte]': time,
    'created_at[date_range]': range,
    'updated_at[gte]': time,
    'updated_at[lte]': time,
    'updated_at[date_range]': range,
  })
  .catchall(z.unknown())
  .check(dynamicParameters);
export type IncidentsQueryV2 = z.output<typeof incidentsQueryV2>;

export const incidentsQueryV1 = z.strictObject({
  ...incidentIoPage,
  status: several(z.enum(statusWords), `must be one of ${statusWords.join(', ')}`),
});

/** Filters on custom fields and roles, which each organisation has its own of. */
export function dynamicFilters(query: IncidentsQueryV2): DynamicFilter[] {
  return Object.entries(query).flatMap(([name, value]) => {
    const [, kind, id, operator] = dynamic.exec(name) ?? [];
    if (kind === undefined || Object.hasOwn(incidentsQueryV2.shape, name)) return [];
    const values = [...new Set([value as string | string[]].flat())];
    return [{ name, kind, id: incidentIoId.parse(id), operator, values } as DynamicFilter];
  });
}

function dynamicFault(name: string, value: unknown): string | undefined {
  const [, kind, id, operator] = dynamic.exec(name) ?? [];
  if (kind === undefined) return 'is not a known parameter';
  const known: readonly string[] = operators[kind as keyof typeof operators];
  if (!known.includes(operator!)) return `has no such operator: there are ${known.join(', ')}`;
  if (!incidentIoId.safeParse(id).success) return 'must name an id';
  const values = [value].flat();
  if (values.length > mostValues) return `must be at most ${mostValues}`;
  if (values.some((one) => typeof one !== 'string' || one.length > 5_000 || /\0|\p{Surrogate}/u.test(one)))
    return 'must be texts';
  if (operator === 'is_blank')
    return values.length === 1 && /^(true|false)$/.test(values[0] as string) ? undefined : 'must be true or false';
  if (kind === 'custom_field') return undefined;
  return values.every((one) => incidentIoId.safeParse(one).success) ? undefined : 'must be ids';
}
