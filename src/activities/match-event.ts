import { readCheck } from '../domain/json/read-check.ts';
import type { CompiledRuleset } from '../domain/ruleset/compile-ruleset.ts';
import { decide } from '../domain/ruleset/evaluate.ts';
import { renderTexts } from '../domain/ruleset/ruleset-template.ts';
import { incidentKeyOf } from '../inbound/incident-key.ts';
import { createPace } from '../inbound/pace.ts';
import { readEvent, type ReadOccurrence } from '../inbound/read-event.ts';
import type { Source } from '../inbound/source.ts';
import type { Match } from '../stores/claims.ts';
import type { PendingEvent } from '../stores/inbox.ts';

export interface EventMatches {
  matches: Match[];
  /** Why there are none, when that is because the body cannot be read. */
  reason: string | null;
}

/** Evaluating one event may take this much time in all. */
const longestEvaluationMs = 5_000;

/** Runs an event past the rulesets of its organisation. Throws when it takes too long. */
export async function matchEvent(
  event: PendingEvent,
  rulesets: CompiledRuleset[],
  source: Source,
): Promise<EventMatches> {
  const pace = createPace(longestEvaluationMs);
  const { occurrences, reason } = readEvent(event, source);
  const matches = await pace.run(matchesOf(event, occurrences, rulesets));
  return { matches, reason: matches.length + event.recorded.length > 0 ? null : reason };
}

/** One run for all rulesets: a promise for each would cost more than most conditions do. */
function* matchesOf(
  event: PendingEvent,
  occurrences: ReadOccurrence[],
  rulesets: CompiledRuleset[],
): Generator<undefined, Match[]> {
  const recorded = new Set(event.recorded);
  const matches: Match[] = [];
  for (const [index, occurrence] of occurrences.entries()) {
    const { subject } = occurrence;
    for (const compiled of rulesets) {
      const { ruleset } = compiled;
      if (ruleset.webhookId !== null && ruleset.webhookId !== event.webhookId) continue;
      // An occurrence is recorded once per ruleset, however often it is evaluated.
      if (recorded.size > 0 && recorded.has(`${ruleset.id}:${index}`)) continue;
      const verdict = yield* decide(compiled, subject);
      if (verdict === 'no_evidence' || (verdict === 'fails' && ruleset.ruleType === 'webhook')) continue;
      matches.push({
        eventId: event.id,
        occurrence: index,
        webhookId: event.webhookId,
        receivedAt: event.receivedAt,
        ruleset,
        incidentKey: incidentKeyOf(compiled, occurrence),
        holds: verdict === 'holds',
        readOpening: () => ({
          ...renderTexts(compiled, subject),
          check: readCheck(subject.payload, event.checkPaths, event.receivedAt),
        }),
      });
    }
  }
  return matches;
}
