import { compileRuleset } from '../../domain/ruleset/compile-ruleset.ts';
import { explain, type Evaluation } from '../../domain/ruleset/evaluate.ts';
import type { RulesetDraft } from '../../domain/ruleset/ruleset.ts';
import { renderTexts } from '../../domain/ruleset/ruleset-template.ts';
import { createSimulation, type Outcome } from '../../domain/ruleset/simulate.ts';
import { incidentKeyOf } from '../../inbound/incident-key.ts';
import { sources } from '../../inbound/index.ts';
import { createPace, OutOfTime } from '../../inbound/pace.ts';
import { readEvent, type ReadOccurrence } from '../../inbound/read-event.ts';
import type { EventSample } from '../../stores/event-samples.ts';

/** What a ruleset makes of one occurrence of a stored event. */
export interface Tried {
  event: EventSample;
  /** Counted from 0 within the event. */
  occurrence: number;
  /** What its sender says of the problem, and what it calls that. */
  action: ReadOccurrence['action'];
  dedupKey: string | null;
  evaluation: Evaluation;
  outcome: Outcome;
  /** Why it could not match: the body cannot be read, it is no trigger, or the ruleset does not listen to its webhook. */
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

  const outcomeOf = (
    { receivedAt: at, webhookId }: EventSample,
    { action, dedupKey }: ReadOccurrence,
    incidentKey: string,
    { verdict }: Evaluation,
  ): Outcome => {
    if (action === 'trigger') return simulation.next({ at, webhookId, incidentKey, dedupKey, verdict });
    return action === 'resolve' ? simulation.over({ at, webhookId, dedupKey }) : 'none';
  };

  const judgeEvent = async (event: EventSample, tried: (occurrence: Tried) => boolean) => {
    const { occurrences, reason } = readEvent(event, sources[event.source]);
    const listens = ruleset.webhookId === null || ruleset.webhookId === event.webhookId;
    for (const [index, occurrence] of occurrences.entries()) {
      const { action, dedupKey, subject } = occurrence;
      const isTrigger = action === 'trigger';
      const evaluation = listens && isTrigger ? await pace.run(explain(compiled, subject)) : notHeard;
      const incidentKey = incidentKeyOf(compiled, occurrence);
      const outcome = outcomeOf(event, occurrence, incidentKey, evaluation);
      const goesOn = tried({
        event,
        occurrence: index,
        action,
        dedupKey,
        evaluation,
        outcome,
        reason:
          evaluation.verdict === 'holds' ? null : !isTrigger ? 'not_a_trigger' : listens ? reason : 'other_webhook',
        incidentKey,
        texts: outcome === 'open' ? renderTexts(compiled, subject) : null,
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
