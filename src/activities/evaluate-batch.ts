import postgres from 'postgres';
import { toStorable } from '../domain/json/storable.ts';
import type { Source, SourceName } from '../inbound/source.ts';
import type { Logger } from '../logger.ts';
import type { Decision } from '../stores/decisions.ts';
import { ClaimedMeanwhile, type Recorded, recordMatches } from '../stores/claims.ts';
import { type EventOutcome, finishEvents, type PendingEvent, takePendingEvents } from '../stores/inbox.ts';
import type { Sql, Transaction } from '../stores/sql.ts';
import type { CompiledRulesets } from './compiled-rulesets.ts';
import { idleReasons } from './idle-reasons.ts';
import { matchEvent } from './match-event.ts';

export interface EvaluateBatchDeps {
  sql: Sql;
  compiledRulesets: CompiledRulesets;
  sources: Readonly<Record<SourceName, Source>>;
  logger: Logger;
}

export interface BatchResult extends Recorded {
  /** Look again at once: more events may be waiting. */
  more: boolean;
}

/** The third failure is the last. */
const mostFailures = 3;
const mostRepeats = 10;
/** What is not evaluated by then stays for the next batch. */
const longestBatchMs = 10_000;
/** Likewise what an organisation has beyond it, or its slow rulesets would hold up everybody on the shard. */
const longestShareMs = 1_000;

/** Evaluates waiting events of a shard in one transaction, all or nothing. Rejects when Postgres is away. */
export function createEvaluateBatch(deps: EvaluateBatchDeps): (shard: number, limit: number) => Promise<BatchResult> {
  const { sql, logger } = deps;

  return async (shard, limit) => {
    let oneByOne = false;
    for (let repeats = 0; ;) {
      try {
        return await sql.begin((tx) => evaluate(tx, deps, shard, limit, oneByOne));
      } catch (error) {
        if (isCollision(error) && repeats++ < mostRepeats) continue;
        if (oneByOne || !isAboutRows(error)) throw error;
        // Some event of the batch cannot be recorded. Find it, and let its neighbours go on.
        logger.warn({ err: error, shard }, 'a batch of events was refused; recording them one by one');
        oneByOne = true;
      }
    }
  };
}

async function evaluate(
  tx: Transaction,
  { compiledRulesets, sources, logger }: EvaluateBatchDeps,
  shard: number,
  limit: number,
  oneByOne: boolean,
): Promise<BatchResult> {
  const { events, more } = await takePendingEvents(tx, shard, limit);
  const result: BatchResult = { opened: [], joined: [], acknowledged: [], cleared: [], deferred: [], idle: [], more };
  if (events.length === 0) return result;
  const rulesets = await compiledRulesets.of(tx, events);
  const openedAt = new Date().toISOString();
  const end = performance.now() + longestBatchMs;
  const spent = new Map<string, number>();
  const outcomes: EventOutcome[] = [];
  const decisions: Decision[] = [];

  const record = async (on: Transaction, found: Decision[]) => {
    if (found.length === 0) return;
    const recorded = await recordMatches(on, found, openedAt);
    result.opened.push(...recorded.opened);
    result.joined.push(...recorded.joined);
    result.acknowledged.push(...recorded.acknowledged);
    result.cleared.push(...recorded.cleared);
    result.deferred.push(...recorded.deferred);
    result.idle.push(...recorded.idle);
  };
  const fail = (event: PendingEvent, error: unknown) => {
    const failures = event.failures + 1;
    const status = failures >= mostFailures ? 'failed' : 'pending';
    logger.error({ err: error, eventId: event.id, failures }, 'an event could not be evaluated');
    outcomes.push({ id: event.id, status, failures, reason: reasonOf(error) });
  };

  for (const event of events) {
    if (performance.now() > end) {
      result.more = true;
      break;
    }
    const { organisationId } = event;
    const share = spent.get(organisationId) ?? 0;
    if (share > longestShareMs) {
      result.more = true;
      continue;
    }
    const began = performance.now();
    try {
      const found = await matchEvent(event, rulesets.get(organisationId) ?? [], sources[event.source]);
      if (oneByOne) await tx.savepoint((savepoint) => record(savepoint, found.decisions));
      else decisions.push(...found.decisions);
      outcomes.push({ id: event.id, status: 'evaluated', failures: event.failures, reason: found.reason });
    } catch (error) {
      if (isCollision(error) || (error instanceof postgres.PostgresError && !isAboutRows(error))) throw error;
      fail(event, error);
    }
    spent.set(organisationId, share + performance.now() - began);
  }
  await record(tx, decisions);
  const deferred = new Set(result.deferred);
  const idle = idleReasons(result.idle);
  const settled = outcomes
    .filter(({ id }) => !deferred.has(id))
    .map((outcome) =>
      idle.has(outcome.id)
        ? { ...outcome, reason: [outcome.reason, idle.get(outcome.id)].filter(Boolean).join(' ') }
        : outcome,
    );
  const { opened, joined, acknowledged, cleared } = result;
  await finishEvents(
    tx,
    settled,
    [opened, joined, acknowledged, cleared].every(({ length }) => length === 0),
  );
  // A failed event is tried again soon; it must not wait for the next ring.
  result.more ||= settled.some(({ status }) => status === 'pending');
  // What waits for a resolve is among the oldest, and would be taken again at once.
  if (deferred.size > 0 && settled.length === 0) result.more = false;
  return result;
}

/** Two transactions met; the next try finds what the other one did. */
function isCollision(error: unknown): boolean {
  return error instanceof ClaimedMeanwhile || (error instanceof postgres.PostgresError && /^40/.test(error.code));
}

/** A refusal of what was written, as opposed to trouble with the connection, resources, time limits or the server. */
function isAboutRows(error: unknown): boolean {
  return error instanceof postgres.PostgresError && !/^(08|40|53|55|57|58|XX)/.test(error.code);
}

function reasonOf(error: unknown): string {
  return toStorable(`evaluation failed: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500));
}
