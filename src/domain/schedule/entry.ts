import { readDay, readTime, secondsPerDay, type CalendarDay } from './calendar.ts';

/** Of one team. */
export const mostEntries = 500;

/** On which days shifts start, and from when to when they last: wall time of the team's zone. Empty lists mean all. */
export interface Recurrence {
  /** First and last day on which a shift may start, `YYYY-MM-DD`; null: no bound. */
  startDate: string | null;
  endDate: string | null;
  /** 1–12. */
  monthsOfYear: number[];
  /** Which occurrences of the weekday in its month: 1–5 from the start, -1…-5 from the end. */
  weeksOfMonth: number[];
  /** 0–6, 0 = Sunday; never empty. */
  weekDays: number[];
  /** `HH:MM:SS`. The end names the shift's last second: on the next day when it is not after the start. */
  startTime: string;
  endTime: string;
}

export interface EntryDraft extends Recurrence {
  memberId: string;
}

/** What stays undefined stays as it is. */
export type EntryChange = { [Field in keyof EntryDraft]?: EntryDraft[Field] | undefined };

/** One line of a team's schedule. Its time of creation, to the second, is what finds it within the team. */
export interface ScheduleEntry extends EntryDraft {
  teamId: string;
  timeZone: string;
  createdAt: string;
}

/** What becomes of an entry by a change. */
export function changeEntry(entry: EntryDraft, change: EntryChange): EntryDraft {
  const pick = <Field extends keyof EntryDraft>(field: Field): EntryDraft[Field] => {
    const given = change[field];
    return given === undefined ? entry[field] : given;
  };
  return {
    memberId: pick('memberId'),
    startDate: pick('startDate'),
    endDate: pick('endDate'),
    monthsOfYear: pick('monthsOfYear'),
    weeksOfMonth: pick('weeksOfMonth'),
    weekDays: pick('weekDays'),
    startTime: pick('startTime'),
    endTime: pick('endTime'),
  };
}

/** False: it ends before it begins. */
export function datesAreInOrder({ startDate, endDate }: Pick<Recurrence, 'startDate' | 'endDate'>): boolean {
  // Dates of four-digit years compare as text.
  return startDate === null || endDate === null || startDate <= endDate;
}

/** Whether a shift of this recurrence starts on the day, going by the day itself; its bounds are `dayBounds`. */
export function startsOn(recurrence: Recurrence, { month, weekDay, fromStart, fromEnd }: CalendarDay): boolean {
  const { monthsOfYear, weeksOfMonth, weekDays } = recurrence;
  return (
    weekDays.includes(weekDay) &&
    (monthsOfYear.length === 0 || monthsOfYear.includes(month)) &&
    (weeksOfMonth.length === 0 || weeksOfMonth.includes(fromStart) || weeksOfMonth.includes(fromEnd))
  );
}

/** First and last day on which a shift may start. */
export function dayBounds({ startDate, endDate }: Recurrence): [number, number] {
  const bound = (date: string | null, none: number) => (date === null ? none : readDay(date)!);
  return [bound(startDate, -Infinity), bound(endDate, Infinity)];
}

/** Seconds from the midnight of its day to a shift's first and to its last second. */
export function shiftBounds({ startTime, endTime }: Recurrence): [number, number] {
  const [start, end] = [readTime(startTime)!, readTime(endTime)!];
  return [start, end > start ? end : end + secondsPerDay];
}
