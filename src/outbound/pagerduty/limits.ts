import type { Fit } from '../fitting.ts';
import { shorten } from '../text.ts';

/** How much of what people wrote, and of long lists, a body has room for. */
export interface Limits {
  /** Bytes in JSON of descriptions, notes and messages. */
  text: number;
  /** The same of names and summaries. */
  name: number;
  /** People in a list. */
  list: number;
  /** Log entries, each of which names everything anew. */
  entries: number;
}

/** Bytes in JSON of what a ping says. */
export const longestPing = 1_000;

/** PagerDuty promises webhooks up to 55 KB, and trims the details of longer ones first. */
export const pagerdutyFit: Fit<Limits> = {
  steps: ([] = [
    { text: 45_000, name: 1_600, list: 50, entries: 50 },
    { text: 16_000, name: 800, list: 50, entries: 15 },
    { text: 4_000, name: 256, list: 50, entries: 15 },
    { text: 1_000, name: 128, list: 25, entries: 10 },
    { text: 500, name: 64, list: 10, entries: 5 },
    { text: 500, name: 64, list: 5, entries: 5 },
  ]),
  mostBytes: 55_000,
};

/** A text within the limits, and whether something was cut off. */
export function trim(text: string, { text: bytes }: Limits): { text: string; trimmed: boolean } {
  const short = shorten(text, bytes);
  return { text: short, trimmed: short !== text };
}
