import type { Transaction } from './sql.ts';

/** What a ruleset made of one occurrence of an event. */
export interface MatchLine {
  organisationId: string;
  eventId: string;
  occurrence: number;
  rulesetId: string;
  incidentId: string;
  outcome: 'opened' | 'joined' | 'resolved';
}

/** Answers false when one of them stands already: evaluating an event again must decide nothing twice. */
export async function insertMatchLines(tx: Transaction, lines: MatchLine[]): Promise<boolean> {
  if (lines.length === 0) return true;
  const column = <T>(pick: (line: MatchLine) => T) => lines.map(pick);
  const { count } = await tx`
    INSERT INTO event_matches (organisation_id, event_id, occurrence, ruleset_id, incident_id, outcome)
    SELECT * FROM unnest(
      ${column((line) => line.organisationId)}::uuid[], ${column((line) => line.eventId)}::uuid[],
      ${column((line) => line.occurrence)}::smallint[], ${column((line) => line.rulesetId)}::uuid[],
      ${column((line) => line.incidentId)}::uuid[], ${column((line) => line.outcome)}::text[])
    ON CONFLICT DO NOTHING`;
  return count === lines.length;
}
