import type { Transaction } from './sql.ts';

export const matchOutcomes = ['opened', 'joined', 'acknowledged', 'resolved'] as const;
/** What an occurrence did to an incident. */
export type MatchOutcome = (typeof matchOutcomes)[number];

/** What a ruleset, or the webhook by itself, made of one occurrence of an event. */
export interface MatchLine {
  organisationId: string;
  eventId: string;
  occurrence: number;
  /** The ruleset, or the webhook. */
  scopeId: string;
  rulesetId: string | null;
  incidentId: string;
  outcome: MatchOutcome;
}

/** Answers false when one of them stands already: evaluating an event again must decide nothing twice. */
export async function insertMatchLines(tx: Transaction, lines: MatchLine[]): Promise<boolean> {
  if (lines.length === 0) return true;
  const column = <T>(pick: (line: MatchLine) => T) => lines.map(pick);
  const { count } = await tx`
    INSERT INTO event_matches (organisation_id, event_id, occurrence, scope_id, ruleset_id, incident_id, outcome)
    SELECT * FROM unnest(
      ${column((line) => line.organisationId)}::uuid[], ${column((line) => line.eventId)}::uuid[],
      ${column((line) => line.occurrence)}::smallint[], ${column((line) => line.scopeId)}::uuid[],
      ${column((line) => line.rulesetId)}::uuid[], ${column((line) => line.incidentId)}::uuid[],
      ${column((line) => line.outcome)}::text[])
    ON CONFLICT DO NOTHING`;
  return count === lines.length;
}
