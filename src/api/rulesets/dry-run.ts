import { compileRuleset } from '../../domain/ruleset/compile-ruleset.ts';
import { explain, type Evaluation } from '../../domain/ruleset/evaluate.ts';
import type { RulesetDraft } from '../../domain/ruleset/ruleset.ts';
import { renderTexts } from '../../domain/ruleset/ruleset-template.ts';
import { createSimulation, type Outcome } from '../../domain/ruleset/simulate.ts';
import { genericJson } from '../../inbound/generic-json.ts';
import { incidentKeyOf } from '../../inbound/incident-key.ts';
import { createPace, OutOfTime } from '../../inbound/pace.ts';
import { readEvent } from '../../inbound/read-event.ts';
import type { EventSample } from '../../stores/event-samples.ts';

/** What a ruleset makes of one occurrence of a stored event. */
export interface Tried {
  event: EventSample;
  /** Counted from 0 within the event. */
  occurrence: number;
  evaluation: Evaluation;
  outcome: Outcome;
  /** Why it could not match: the body cannot be read, or the ruleset does not listen to its webhook. */
  reason: string | null;
  incidentKey: string;
  /** Where it would open an incident. */
  texts: { name: string; description: string } | null;
}

export interface DryRun {
  /** Incidents that the occurrences tried so far would have resolved, those by timers included. */
  resolved(): number;
  /** Judges the next event, until `tried` answers false. Answers whether it was judged whole: the time may be up. */
  judge(event: EventSample, tried: (occurrence: Tried) => boolean): Promise<boolean>;
}

/** Lets one dry run at a time judge an event, so that many together hold up the API no longer than one. */
export type Turn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function createTurn(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

/** Runs stored events, oldest first, past a ruleset, and stores nothing. `longestMs` is what evaluating may take in all. */
export function createDryRun(ruleset: RulesetDraft, inTurn: Turn, longestMs: number): DryRun {
  const compiled = compileRuleset(ruleset);
  const simulation = createSimulation(ruleset);
  const pace = createPace(longestMs);

  const judgeEvent = async (event: EventSample, tried: (occurrence: Tried) => boolean) => {
    const { occurrences, reason } = readEvent(event, genericJson);
    const listens = ruleset.webhookId === null || ruleset.webhookId === event.webhookId;
    for (const [index, occurrence] of occurrences.entries()) {
      const evaluation = listens ? await pace.run(explain(compiled, occurrence.subject)) : notHeard;
      const incidentKey = incidentKeyOf(compiled, occurrence);
      const { receivedAt: at, webhookId } = event;
      const outcome = simulation.next({ at, webhookId, incidentKey, verdict: evaluation.verdict });
      const goesOn = tried({
        event,
        occurrence: index,
        evaluation,
        outcome,
        reason: evaluation.verdict === 'holds' ? null : listens ? reason : 'other_webhook',
        incidentKey,
        texts: outcome === 'open' ? renderTexts(compiled, occurrence.subject) : null,
      });
      if (!goesOn) return false;
    }
    return true;
  };

  return {
    resolved: () => simulation.resolved(),

    judge: (event, tried) =>
      inTurn(async () => {
        pace.begin();
        try {
          return await judgeEvent(event, tried);
        } catch (error) {
          if (error instanceof OutOfTime) return false;
          throw error;
        }
      }),
  };
}

const notHeard: Evaluation = { verdict: 'no_evidence', conditions: [] };
