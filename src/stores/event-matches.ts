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

/** One that stands already is left alone: evaluating an event again decides nothing twice. */
export async function insertMatchLines(tx: Transaction, lines: MatchLine[]): Promise<void> {
  if (lines.length === 0) return;
  const column = <T>(pick: (line: MatchLine) => T) => lines.map(pick);
  await tx`
    INSERT INTO event_matches (organisation_id, event_id, occurrence, ruleset_id, incident_id, outcome)
    SELECT * FROM unnest(
      ${column((line) => line.organisationId)}::uuid[], ${column((line) => line.eventId)}::uuid[],
      ${column((line) => line.occurrence)}::smallint[], ${column((line) => line.rulesetId)}::uuid[],
      ${column((line) => line.incidentId)}::uuid[], ${column((line) => line.outcome)}::text[])
    ON CONFLICT DO NOTHING`;
}
