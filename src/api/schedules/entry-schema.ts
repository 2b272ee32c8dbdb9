import { z } from 'zod';
import type { FieldError } from '../../domain/error-code.ts';
import { datesAreInOrder, type EntryChange, type EntryDraft, type ScheduleEntry } from '../../domain/schedule/entry.ts';
import { id, timestamp, withMessage } from '../fields.ts';
import { day, second, timeOfDay } from './times.ts';

const example = {
  team_member_id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed',
  start_date: '2024-01-01T00:00:00Z',
  end_date: '2024-01-31T23:59:59Z',
  months_of_year: [1],
  weeks_of_month: [1],
  week_days: [1],
  start_time: '00:00:00',
  end_time: '23:59:59',
};

const weeks = [1, 2, 3, 4, 5, -1, -2, -3, -4, -5];

export const weekDays = listOf(z.int().min(0, 'must be from 0 to 6').max(6, 'must be from 0 to 6'), 7, 1).meta({
  description: '0 is Sunday.',
});

const fields = {
  team_member_id: id,
  start_date: day.nullish().meta({ description: 'The first day on which a shift may start. Null: no bound.' }),
  end_date: day.nullish().meta({ description: 'The last day on which a shift may start. Null: no bound.' }),
  months_of_year: listOf(z.int().min(1, 'must be from 1 to 12').max(12, 'must be from 1 to 12'), 12)
    .nullish()
    .meta({ description: 'Null or empty: all.' }),
  weeks_of_month: listOf(
    z
      .int()
      .refine((week) => weeks.includes(week), 'must be from 1 to 5, or from -1 to -5')
      .meta({ jsonSchema: { type: 'integer', enum: weeks } }),
    weeks.length,
  )
    .nullish()
    .meta({
      description:
        'Which occurrences of the weekday in its month: 1 to 5 from the start, -1 to -5 from the end. Null or empty: all.',
    }),
  week_days: weekDays,
  start_time: timeOfDay,
  end_time: timeOfDay.meta({ description: 'The last second: of the next day when it is not after `start_time`.' }),
};

export const newEntry = z.strictObject(fields).meta({ examples: [example] });

export const changedEntry = z
  .strictObject(fields)
  .partial()
  .extend({ created_at: second.meta({ description: 'Of the entry to change.' }) })
  .meta({ examples: [{ ...example, created_at: '2024-01-01T00:00:00Z' }] });

/** What finds an entry to delete. */
export const entryKey = z.strictObject({ team_member_id: id, created_at: second });

const entryShape = {
  team_id: id,
  team_member_id: id,
  time_zone: z.string().meta({ description: "The team's: what dates and times are meant in." }),
  start_date: z.iso.date().nullable(),
  end_date: z.iso.date().nullable(),
  months_of_year: z.array(z.int()),
  weeks_of_month: z.array(z.int()),
  week_days: z.array(z.int()),
  start_time: z.string(),
  end_time: z.string(),
  created_at: timestamp.meta({ description: 'To the second, unique in its team: what finds the entry.' }),
};
const storedExample = {
  team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
  ...example,
  time_zone: 'Europe/Berlin',
  start_date: '2024-01-01',
  end_date: '2024-01-31',
  created_at: '2024-01-01T00:00:00Z',
};
export const entry = z.object(entryShape).meta({ id: 'ScheduleEntry', examples: [storedExample] });

export const storedEntry = withMessage(entry, 'StoredScheduleEntry', 'The entry was updated.');

export function draftOf(body: z.output<typeof newEntry>): EntryDraft {
  return {
    memberId: body.team_member_id,
    startDate: body.start_date ?? null,
    endDate: body.end_date ?? null,
    monthsOfYear: body.months_of_year ?? [],
    weeksOfMonth: body.weeks_of_month ?? [],
    weekDays: body.week_days,
    startTime: body.start_time,
    endTime: body.end_time,
  };
}

export function changeOf(body: Omit<z.output<typeof changedEntry>, 'created_at'>): EntryChange {
  const { months_of_year: months, weeks_of_month: weeks } = body;
  return {
    memberId: body.team_member_id,
    startDate: body.start_date,
    endDate: body.end_date,
    monthsOfYear: months === null ? [] : months,
    weeksOfMonth: weeks === null ? [] : weeks,
    weekDays: body.week_days,
    startTime: body.start_time,
    endTime: body.end_time,
  };
}

/** An entry that ends before it begins. */
export function checkDates(given: unknown): FieldError[] {
  const parsed = z.object({ start_date: day, end_date: day }).safeParse(given);
  if (!parsed.success) return [];
  const { start_date: startDate, end_date: endDate } = parsed.data;
  return datesAreInOrder({ startDate, endDate })
    ? []
    : [{ field: 'end_date', message: 'must not be before start_date' }];
}

export function presentEntry(row: ScheduleEntry): z.input<typeof entry> {
  return {
    team_id: row.teamId,
    team_member_id: row.memberId,
    time_zone: row.timeZone,
    start_date: row.startDate,
    end_date: row.endDate,
    months_of_year: row.monthsOfYear,
    weeks_of_month: row.weeksOfMonth,
    week_days: row.weekDays,
    start_time: row.startTime,
    end_time: row.endTime,
    created_at: `${row.createdAt.slice(0, 19)}Z`,
  };
}

/** A set of numbers: each once, in order. */
function listOf(number: z.ZodType<number>, most: number, least = 0) {
  return z
    .array(number)
    .min(least, 'must not be empty')
    .max(most, `must be at most ${most}`)
    .transform((numbers) => [...new Set(numbers)].sort((a, b) => a - b));
}
