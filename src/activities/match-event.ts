import { parseJson } from '../domain/json/parse-json.ts';
import { readCheck } from '../domain/json/read-check.ts';
import type { CompiledRuleset } from '../domain/ruleset/compile-ruleset.ts';
import type { Subject } from '../domain/ruleset/condition.ts';
import { holds } from '../domain/ruleset/evaluate.ts';
import { incidentKeyOf, type Source } from '../inbound/source.ts';
import type { Match } from '../stores/claims.ts';
import type { PendingEvent } from '../stores/inbox.ts';

export interface EventMatches {
  matches: Match[];
  /** Why there could be none: the body cannot be read. */
  reason: string | null;
}

/** Evaluating one event may take this much time in all. */
const longestEvaluationMs = 5_000;
/** Everything else in the process waits no longer than this (and one condition). */
const longestTurnMs = 20;

/** Runs an event past the rulesets of its organisation. Throws when it takes too long. */
export async function matchEvent(
  event: PendingEvent,
  rulesets: CompiledRuleset[],
  source: Source,
): Promise<EventMatches> {
  const parsed = parseJson(event.body);
  if ('reason' in parsed) return { matches: [], reason: parsed.reason };
  const payload = parsed.value;
  const pace = createPace();
  const matches: Match[] = [];

  for (const occurrence of source.read(payload)) {
    const incidentKey = incidentKeyOf(occurrence);
    for (const compiled of rulesets) {
      const { ruleset } = compiled;
      if (ruleset.webhookId !== null && ruleset.webhookId !== event.webhookId) continue;
      // An event is recorded once per ruleset, however often it is evaluated.
      if (event.recorded.includes(ruleset.id) || matches.some((match) => match.ruleset.id === ruleset.id)) continue;
      if (!(await allHold(compiled, { payload, alert: occurrence.alert }, pace))) continue;
      matches.push({
        eventId: event.id,
        webhookId: event.webhookId,
        receivedAt: event.receivedAt,
        ruleset,
        incidentKey,
        readCheck: () => readCheck(payload, event.checkPaths, event.receivedAt),
      });
    }
  }
  return { matches, reason: null };
}

async function allHold({ conditions }: CompiledRuleset, subject: Subject, pace: Pace): Promise<boolean> {
  for (const condition of conditions) {
    if (!holds(condition, subject)) return false;
    if (pace.isDue()) await pace.pause();
  }
  return true;
}

interface Pace {
  isDue(): boolean;
  /** Lets others run. Throws once the event has had all its time. */
  pause(): Promise<void>;
}

function createPace(): Pace {
  let turnBegan = performance.now();
  let used = 0;
  return {
    isDue: () => performance.now() - turnBegan > longestTurnMs,
    async pause() {
      used += performance.now() - turnBegan;
      if (used > longestEvaluationMs) throw new Error(`evaluation took longer than ${longestEvaluationMs / 1_000} s`);
      await new Promise((resolve) => setImmediate(resolve));
      turnBegan = performance.now();
    },
  };
}
