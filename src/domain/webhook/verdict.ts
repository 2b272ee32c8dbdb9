import type { AttemptResult, Outcome } from './attempt.ts';
import { nextAttemptDelay, retryJitter } from './retry-schedule.ts';

/** What follows from an attempt that is over. */
export interface Verdict {
  /** Milliseconds until the delivery is sent again; null: it is settled. */
  retryInMs: number | null;
  /** What it says of its endpoint; null: nothing, since the endpoint had no part in it. */
  endpoint: 'works' | 'fails' | null;
  /** It answered as one that is there does: it works, or objects to this body alone. What its circuit goes by. */
  isAlive: boolean;
  /** The endpoint said that it is gone for good: nothing is to be sent to it any more. */
  isGone: boolean;
  /** Milliseconds for which nothing at all is to be sent to the endpoint, as it asked; 0: it did not ask. */
  pauseMs: number;
}

export interface JudgedAttempt {
  result: AttemptResult;
  /** Attempts of this schedule, the judged one included. */
  attemptsMade: number;
  /** From 0 to below 1. */
  random: number;
}

/**
 * The body or the address is what such an answer objects to, and both are the same next time. The first three tries lie
 * within ten minutes, which is what a deployment of the receiver takes; a fourth would only hold up what waits behind.
 */
const unchanging = new Set([400, 413, 415, 422]);
const triesWhenUnchanging = 3;

const goneStatus = 410;
const tooManyStatus = 429;

/** An endpoint that is overwhelmed is left alone for this long at least, as Svix does. */
const overwhelmedMs = 60_000;
/**
 * No answer keeps a delivery waiting for longer than the longest step of the schedule does: else a slip of the receiver,
 * such as milliseconds for seconds, would bury it.
 */
const longestMs = 24 * 3_600_000;
/** An endpoint is probed after so long whatever it asked for: news of incidents must not wait a day for one slip. */
const longestPauseMs = 3_600_000;

/** Failures that are ours, or of what was to be sent. */
const notItsFault: readonly Outcome[] = ['loop', 'internal_error'];

/**
 * Standard Webhooks' schedule (https://www.standardwebhooks.com), with what the answer asks for on top: `Retry-After`
 * puts the next attempt off, and never brings it forward, for sooner than scheduled is not what it was invented for.
 */
export function judge({ result, attemptsMade, random }: JudgedAttempt): Verdict {
  const { outcome, statusCode } = result;
  if (outcome === 'success') return { retryInMs: null, endpoint: 'works', isAlive: true, isGone: false, pauseMs: 0 };

  const askedMs = askedPause(result);
  const scheduled = nextAttemptDelay(attemptsMade, random);
  const isGone = statusCode === goneStatus;
  const isHopeless =
    isGone ||
    outcome === 'loop' ||
    result.isFinal === true ||
    (unchanging.has(statusCode ?? 0) && attemptsMade >= triesWhenUnchanging);
  const least = Math.max(askedMs, isOverwhelmed(result) ? overwhelmedMs : 0);
  return {
    retryInMs: scheduled === null || isHopeless ? null : Math.max(scheduled, spread(least, random)),
    endpoint: notItsFault.includes(outcome) ? null : 'fails',
    isAlive: unchanging.has(statusCode ?? 0),
    isGone,
    pauseMs: Math.min(askedMs, longestPauseMs),
  };
}

/** `Retry-After` counts where it has a meaning: RFC 9110 §10.2.3 gives it one for 503, RFC 6585 for 429. */
function askedPause({ statusCode, retryAfterMs }: AttemptResult): number {
  const mayAsk = statusCode === tooManyStatus || (statusCode ?? 0) >= 500;
  return mayAsk ? Math.min(retryAfterMs ?? 0, longestMs) : 0;
}

function isOverwhelmed({ outcome, statusCode }: AttemptResult): boolean {
  return outcome === 'timeout' || statusCode === tooManyStatus;
}

/** Later by up to a fifth, or all that were put off would come back at one instant. */
function spread(delayMs: number, random: number): number {
  return Math.min(longestMs, Math.round(delayMs * (1 + retryJitter * random)));
}
