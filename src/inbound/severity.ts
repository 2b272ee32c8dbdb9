import type { Urgency } from '../domain/incident/incident.ts';
import { toStorable } from '../domain/json/storable.ts';
import { longestLabel } from '../domain/ruleset/ruleset.ts';
import { cut } from '../domain/template/template.ts';

export interface ReadSeverity {
  urgency: Urgency;
  severity: string | null;
}

/** Under the names that every organisation begins with. */
const known = new Map<string, ReadSeverity>();
for (const [urgency, severity, words] of [
  ['high', 'Critical', 'critical fatal emergency disaster'],
  ['high', 'Major', 'error major high'],
  ['medium', 'Minor', 'warning warn minor medium moderate average'],
  ['low', 'Minor', 'info information informational notice low debug none ok'],
] as const)
  for (const word of words.split(' ')) known.set(word, { urgency, severity });

/** By rank: SEV1 and P5 stay what they are, since they are somebody's own words. */
const urgencyOfRank: readonly Urgency[] = ['high', 'high', 'medium', 'low', 'low'];

/** What a sender's word for a severity means. One that nobody knows is as urgent as can be, and so is none at all. */
export function severityOf(word: string | null): ReadSeverity {
  if (word === null) return { urgency: 'high', severity: null };
  const lower = word.toLowerCase();
  const rank = Number(/^(?:sev-?|p|s)([1-5])$/.exec(lower)?.[1]);
  return (
    known.get(lower) ?? {
      urgency: urgencyOfRank[rank - 1] ?? 'high',
      severity: cut(toStorable(word), longestLabel),
    }
  );
}
