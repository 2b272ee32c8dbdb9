/** A day of the calendar as a number: days since 1970-01-01. No time zone is involved. */
export type Day = number;

export const firstYear = 1970;
export const lastYear = 9999;
export const secondsPerDay = 86_400;
const msPerDay = secondsPerDay * 1_000;

/** What a recurrence asks of a day. */
export interface CalendarDay {
  day: Day;
  /** 1–12. */
  month: number;
  /** 0 = Sunday. */
  weekDay: number;
  /** Which occurrence of its weekday it is in its month: 1–5 from the start, -1…-5 from the end. */
  fromStart: number;
  fromEnd: number;
}

/**
 * Reads the calendar day of `2024-01-31` or of a date-time such as `2024-01-31T23:59:59Z`, as written: its time and
 * offset only have to be possible. Null for anything else, impossible dates and years out of bounds included.
 */
export function readDay(text: string): Day | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt]([^Zz+-]+)([Zz]|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (!match) return null;
  const [year, month, date] = match.slice(1, 4).map(Number) as [number, number, number];
  if (year < firstYear || year > lastYear) return null;
  if (match[4] !== undefined && (readTime(match[4].replace(/\.\d{1,9}$/, '')) === null || !isOffset(match[5])))
    return null;
  const at = new Date(Date.UTC(year, month - 1, date));
  // Date.UTC rolls over what does not exist: 30 February becomes a day in March.
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === date ? at.getTime() / msPerDay : null;
}

export function writeDay(day: Day): string {
  return new Date(day * msPerDay).toISOString().slice(0, 10);
}

/** Seconds since midnight of `HH:MM:SS`; null when it is no time of a day (`24:00:00`, a leap second). */
export function readTime(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(text);
  return match ? Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3]) : null;
}

export function describeDay(day: Day): CalendarDay {
  const at = new Date(day * msPerDay);
  const date = at.getUTCDate();
  const daysInMonth = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  return {
    day,
    month: at.getUTCMonth() + 1,
    weekDay: at.getUTCDay(),
    fromStart: Math.ceil(date / 7),
    fromEnd: -Math.ceil((daysInMonth - date + 1) / 7),
  };
}

function isOffset(text: string | undefined): boolean {
  if (text === undefined || /^[Zz]$/.test(text)) return true;
  return Number(text.slice(1, 3)) <= 23 && Number(text.slice(-2)) <= 59;
}
