import type { Verdict } from './evaluate.ts';
import type { RulesetDraft } from './ruleset.ts';

/** An occurrence as a ruleset judged it. `at` is when its event was received (ISO 8601). */
export interface Judged {
  at: string;
  webhookId: string;
  incidentKey: string;
  /** The sender's own name for the problem. */
  dedupKey: string | null;
  verdict: Verdict;
}

/** The sender's own word that a problem is over. */
export type SourceResolve = Pick<Judged, 'at' | 'webhookId' | 'dedupKey'>;

export type Outcome = 'open' | 'join' | 'resolve' | 'none';

export interface Simulation {
  /** What would become of the next occurrence; they come in the order in which they were received. */
  next(occurrence: Judged): Outcome;
  /** The same of one that says that a problem is over: that is for whatever the problem opened. */
  over(occurrence: SourceResolve): Outcome;
  /** Incidents opened so far that would be resolved by now, timers included. */
  resolved(): number;
}

interface OpenIncident {
  webhookId: string;
  dedupKey: string | null;
  openedAt: number;
  lastAt: number;
}

/**
 * Plays what a ruleset would do from the moment on when it has no incident open and nobody touches those it opens.
 * Timers count from when events were received: evaluating them takes no time here.
 */
export function createSimulation({
  ruleType,
  autoResolveTimeout,
  quietResolve,
}: Pick<RulesetDraft, 'ruleType' | 'autoResolveTimeout' | 'quietResolve'>): Simulation {
  const open = new Map<string, OpenIncident>();
  let resolved = 0;

  const resolve = (key: string) => {
    open.delete(key);
    resolved++;
  };
  const fireTimers = (now: number) => {
    for (const [key, { openedAt, lastAt }] of open)
      if (isOver(openedAt, autoResolveTimeout, now) || isOver(lastAt, quietResolve, now)) resolve(key);
  };

  return {
    next({ at, webhookId, incidentKey, dedupKey, verdict }) {
      const now = Date.parse(at);
      fireTimers(now);
      const incident = open.get(incidentKey);
      if (verdict === 'holds') {
        if (incident) incident.lastAt = now;
        else open.set(incidentKey, { webhookId, dedupKey, openedAt: now, lastAt: now });
        return incident ? 'join' : 'open';
      }
      // What another webhook says of the same key does not end what this one reported.
      if (ruleType === 'webhook' || verdict === 'no_evidence' || incident?.webhookId !== webhookId) return 'none';
      resolve(incidentKey);
      return 'resolve';
    },

    over({ at, webhookId, dedupKey }) {
      fireTimers(Date.parse(at));
      const before = resolved;
      for (const [key, incident] of open)
        if (dedupKey !== null && incident.webhookId === webhookId && incident.dedupKey === dedupKey) resolve(key);
      return resolved > before ? 'resolve' : 'none';
    },

    resolved: () => resolved,
  };
}

/** Null seconds are never over. */
function isOver(since: number, seconds: number | null, now: number): boolean {
  return seconds !== null && since + seconds * 1_000 <= now;
}
