import type { Recurrence } from './entry.ts';

/** Moments are milliseconds since 1970-01-01T00:00Z; a span does not include its end. */
export interface Span {
  since: number;
  until: number;
}

/** An entry as it was from one edit to the next; `since` and `until` (±Infinity) say when. */
export interface EntryVersion extends Recurrence, Span {
  memberId: string;
  timeZone: string;
}

/** An override for as long as it counts: it ends early when it was withdrawn meanwhile. */
export interface EffectiveOverride extends Span {
  memberId: string;
  replacesMemberId: string | null;
}

export interface RosterMember {
  id: string;
  name: string;
  /** When the member was deleted; Infinity: not yet. */
  until: number;
}

/** All that says who of a team is on call during a span. */
export interface Roster {
  versions: EntryVersion[];
  /** The oldest first. */
  overrides: EffectiveOverride[];
  /** By id. Who is not among them, or was deleted by then, is never on call. */
  members: Map<string, RosterMember>;
}

export interface Shift extends Span {
  memberId: string;
}
