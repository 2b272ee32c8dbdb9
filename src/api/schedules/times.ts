import { z } from 'zod';
import { firstYear, lastYear, readDay, readTime, writeDay } from '../../domain/schedule/calendar.ts';

const earliest = Date.UTC(firstYear, 0, 1);
const latest = Date.UTC(lastYear, 11, 31, 23, 59, 59);

const years = `from ${firstYear} to ${lastYear}`;
const shape = 'must be a date-time with an offset, such as 2024-01-31T08:00:00Z';

/** A moment with its offset, read as ISO 8601 in UTC, to the millisecond. */
export const moment = z
  .string()
  // In a query string a plus sign that was not escaped arrives as a blank.
  .transform((text) => text.replace(/ (?=\d\d:\d\d$)/, '+'))
  .pipe(z.iso.datetime({ offset: true, error: shape }))
  .transform((text) => Date.parse(text))
  .refine((at) => at >= earliest && at <= latest, `must be in the years ${years}`)
  .transform((at) => new Date(at).toISOString())
  .meta({ jsonSchema: { type: 'string', format: 'date-time', pattern: '^(19[7-9][0-9]|[2-9][0-9]{3})-' } });

/** A moment to the second: fractions are dropped, since what it finds has none. */
export const second = moment.transform((at) => `${at.slice(0, 19)}Z`);

/** A day: `YYYY-MM-DD`, or a date-time of which the date counts as it is written. */
export const day = z
  .string()
  .refine((text) => readDay(text) !== null, `must be a date such as 2024-01-31, in the years ${years}`)
  .transform((text) => writeDay(readDay(text)!))
  .meta({
    jsonSchema: {
      type: 'string',
      pattern:
        '^(19[7-9][0-9]|[2-9][0-9]{3})-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31|02-29)' +
        '(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?$',
      examples: ['2024-01-31', '2024-01-31T23:59:59Z'],
    },
  });

export const timeOfDay = z
  .string()
  .refine((text) => readTime(text) !== null, 'must be a time such as 08:00:00, from 00:00:00 to 23:59:59')
  .meta({
    jsonSchema: { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$', examples: ['08:00:00'] },
  });
