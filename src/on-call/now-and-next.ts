import type { Roster, Shift, Span } from '../domain/schedule/roster.ts';
import { resolveOnCall } from './resolve.ts';

export interface NowAndNext {
  /** Who is on call at the span's beginning. `until` is its end for those who are at all of it. */
  now: Shift[];
  /** The first who come on call after that, within the span; several when they do at the same moment. */
  next: Shift[];
}

/** Throws `TooManyShifts`. */
export function nowAndNext(roster: Roster, span: Span): NowAndNext {
  const { shifts } = resolveOnCall(roster, span);
  // They are sorted by their beginnings, and none lies before the span's.
  const next = shifts.find(({ since }) => since > span.since);
  return {
    now: shifts.filter(({ since }) => since === span.since),
    next: shifts.filter(({ since }) => since === next?.since),
  };
}
