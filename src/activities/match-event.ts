import { defaultAcknowledgementTimeout, defaultAutoResolveTimeout } from '../domain/incident/incident.ts';
import { readCheck } from '../domain/json/read-check.ts';
import type { CompiledRuleset } from '../domain/ruleset/compile-ruleset.ts';
import { decide } from '../domain/ruleset/evaluate.ts';
import { renderTexts } from '../domain/ruleset/ruleset-template.ts';
import { incidentKeyOf } from '../inbound/incident-key.ts';
import { createPace } from '../inbound/pace.ts';
import { mostOccurrences, readEvent, type ReadOccurrence } from '../inbound/read-event.ts';
import type { Source, SourceOpening } from '../inbound/source.ts';
import type { Decision, Match, Opener, Reported } from '../stores/decisions.ts';
import type { PendingEvent } from '../stores/inbox.ts';

export interface EventDecisions {
  /** In the order of the event's occurrences. */
  decisions: Decision[];
  /** Why there are none, when that is because the body cannot be read; or that there was too much to look at. */
  reason: string | null;
}

/** Evaluating one event may take this much time in all. */
const longestEvaluationMs = 5_000;

/** Runs an event past the rulesets of its organisation. Throws when it takes too long. */
export async function matchEvent(
  event: PendingEvent,
  rulesets: CompiledRuleset[],
  source: Source,
): Promise<EventDecisions> {
  const pace = createPace(longestEvaluationMs);
  const { occurrences, reason, left } = readEvent(event, source);
  const decisions = await pace.run(decisionsOf(event, occurrences, rulesets));
  if (left > 0)
    return {
      decisions,
      reason: `Only the first ${mostOccurrences} of ${mostOccurrences + left} alerts were looked at.`,
    };
  return { decisions, reason: decisions.length + event.recorded.length > 0 ? null : reason };
}

/** One run for all rulesets: a promise for each would cost more than most conditions do. */
function* decisionsOf(
  event: PendingEvent,
  occurrences: ReadOccurrence[],
  rulesets: CompiledRuleset[],
): Generator<undefined, Decision[]> {
  const recorded = readRecorded(event.recorded);
  const { webhookId, organisationId, receivedAt, id: eventId } = event;
  const webhook = { id: webhookId, name: event.webhookName };
  const heard = rulesets.filter(({ ruleset }) => ruleset.webhookId === null || ruleset.webhookId === webhookId);
  const opensByItself = event.opensIncidents && heard.every(({ ruleset }) => ruleset.webhookId === null);
  const decisions: Decision[] = [];
  for (const [index, occurrence] of occurrences.entries()) {
    const { subject, action, dedupKey, opening } = occurrence;
    const reported: Reported = { organisationId, webhook, eventId, occurrence: index, receivedAt, dedupKey };
    // An occurrence is recorded once per scope, however often it is evaluated.
    if (action !== 'trigger') {
      if (dedupKey !== null && !recorded.decided.has(`${webhookId}:${index}`))
        decisions.push({ ...reported, dedupKey, action });
      continue;
    }
    const check = () => readCheck(subject.payload, event.checkPaths, receivedAt);
    let matched = recorded.matched.has(index);
    for (const compiled of heard) {
      const { ruleset } = compiled;
      if (recorded.decided.has(`${ruleset.id}:${index}`)) continue;
      const verdict = yield* decide(compiled, subject);
      if (verdict === 'no_evidence' || (verdict === 'fails' && ruleset.ruleType === 'webhook')) continue;
      matched ||= verdict === 'holds';
      decisions.push({
        ...reported,
        opener: { type: 'ruleset', ...ruleset },
        incidentKey: incidentKeyOf(compiled, occurrence),
        holds: verdict === 'holds',
        readOpening: () => ({ ...renderTexts(compiled, subject), check: check() }),
      });
    }
    if (!matched && opensByItself && opening !== null && dedupKey !== null)
      decisions.push(ownMatch(event, { ...reported, dedupKey }, opening, check));
  }
  return decisions;
}

/** Of a trigger that no ruleset matched: an incident as its sender says. */
function ownMatch(
  { webhookId, organisationId, webhookName, teamId }: PendingEvent,
  reported: Reported & { dedupKey: string },
  { name, description, urgency, severity }: SourceOpening,
  check: () => ReturnType<typeof readCheck>,
): Match {
  const opener: Opener = {
    ...{ type: 'webhook', organisationId, id: webhookId, name: webhookName, version: null, teamId, urgency, severity },
    ...{ supportHours: null, priority: null, assignees: [], escalationPolicyId: null, actions: [], quietResolve: null },
    acknowledgementTimeout: defaultAcknowledgementTimeout,
    autoResolveTimeout: defaultAutoResolveTimeout,
  };
  const readOpening = () => ({ name, description, check: check() });
  return { ...reported, opener, incidentKey: reported.dedupKey, holds: true, readOpening };
}

/** `decided`: `<scope>:<occurrence>`; `matched`: occurrences that opened or joined an incident. */
function readRecorded(recorded: string[]) {
  const parts = recorded.map((line) => line.split(':') as [string, string, string]);
  const isMatch = (outcome: string) => outcome === 'opened' || outcome === 'joined';
  return {
    decided: new Set(parts.map(([scope, occurrence]) => `${scope}:${occurrence}`)),
    matched: new Set(parts.filter(([, , outcome]) => isMatch(outcome)).map(([, occurrence]) => Number(occurrence))),
  };
}
