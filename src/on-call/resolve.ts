import type { Roster, Shift, Span } from '../domain/schedule/roster.ts';
import { applyOverrides } from './apply-overrides.ts';
import { shiftsOf } from './shifts.ts';
import { gapsIn, mergeSpans } from './spans.ts';

export interface OnCall {
  /** Final: overrides applied, one after the other or overlapping ones of a member made one; by start, then member. */
  shifts: Shift[];
  /** Nobody is on call. */
  gaps: Span[];
  /** Several members are on call at every moment: all who are at some. */
  overlaps: (Span & { memberIds: string[] })[];
}

/** What bounds the work and the answer: a span that needs more shifts than this is refused. */
export const mostShifts = 50_000;

/** Throws when `mostShifts` is exceeded; a shorter span helps. */
export class TooManyShifts extends Error {
  constructor() {
    super(`The span holds more than ${mostShifts} shifts.`);
    this.name = 'TooManyShifts';
  }
}

/** Who of a team is on call during the span, gaps and overlaps marked. Throws `TooManyShifts`. */
export function resolveOnCall(roster: Roster, span: Span): OnCall {
  const byMember = new Map<string, Shift[]>();
  for (const shift of finalShifts(roster, span)) {
    const own = byMember.get(shift.memberId) ?? [];
    own.push(shift);
    byMember.set(shift.memberId, own);
  }
  const shifts = [...byMember.values()].flatMap((own) => mergeSpans(own));
  shifts.sort((a, b) => a.since - b.since || (a.memberId < b.memberId ? -1 : 1));
  return { shifts, gaps: gapsIn(span, mergeSpans<Span>(shifts)), overlaps: overlapsOf(shifts) };
}

/** The members on call at a moment, in the order of their ids. */
export function membersOnCallAt(roster: Roster, at: number): string[] {
  const shifts = finalShifts(roster, { since: at, until: at + 1 });
  return [...new Set(shifts.map(({ memberId }) => memberId))].sort();
}

function finalShifts({ versions, overrides, members }: Roster, span: Span): Shift[] {
  const scheduled: Shift[] = [];
  for (const shift of shiftsOf(versions, span)) {
    if (scheduled.push(shift) > mostShifts) throw new TooManyShifts();
  }
  // Somebody who is no longer there stands in for nobody; whoever was to stand in for them still does.
  return whileThere(applyOverrides(scheduled, whileThere(overrides, members), span), members);
}

/** Ends each span when its member was deleted. */
function whileThere<T extends Shift>(spans: T[], members: Roster['members']): T[] {
  return spans
    .map((span) => ({ ...span, until: Math.min(span.until, members.get(span.memberId)?.until ?? -Infinity) }))
    .filter(({ since, until }) => since < until);
}

/** Walks through the starts and ends of the shifts, of which no two of a member touch. */
function overlapsOf(shifts: Shift[]): OnCall['overlaps'] {
  const edges = shifts.flatMap(({ memberId, since, until }) => [
    { at: since, memberId, starts: true },
    { at: until, memberId, starts: false },
  ]);
  // Who ends when another starts does not overlap with them.
  edges.sort((a, b) => a.at - b.at || Number(a.starts) - Number(b.starts));

  const found: (Span & { memberIds: Set<string> })[] = [];
  const active = new Set<string>();
  let open: { since: number; memberIds: Set<string> } | null = null;
  for (const { at, memberId, starts } of edges) {
    if (starts) active.add(memberId);
    else active.delete(memberId);
    if (starts && open) open.memberIds.add(memberId);
    else if (starts && active.size === 2) open = { since: at, memberIds: new Set(active) };
    else if (open && active.size === 1) {
      found.push({ ...open, until: at });
      open = null;
    }
  }
  const merged = mergeSpans(found, (into, { memberIds }) => memberIds.forEach((id) => into.memberIds.add(id)));
  return merged.map(({ since, until, memberIds }) => ({ since, until, memberIds: [...memberIds].sort() }));
}
