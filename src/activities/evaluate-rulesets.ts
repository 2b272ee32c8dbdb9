import { sources as allSources } from '../inbound/index.ts';
import type { Source, SourceName } from '../inbound/source.ts';
import type { Logger } from '../logger.ts';
import type { Occurrences, Recorded } from '../stores/claims.ts';
import type { Ear } from '../stores/doorbell.ts';
import { createRulesetStore } from '../stores/rulesets.ts';
import type { Sql } from '../stores/sql.ts';
import type { IncidentWorkflows } from '../temporal/incident-workflows.ts';
import { createCompiledRulesets } from './compiled-rulesets.ts';
import { createEvaluateBatch } from './evaluate-batch.ts';
import { createJoinNotices } from './join-notices.ts';
import type { PumpRound } from './pump.ts';
import { createStartIncidents } from './start-incidents.ts';

export interface EvaluateRulesetsDeps {
  sql: Sql;
  ear: Ear;
  logger: Logger;
  incidents: Pick<IncidentWorkflows, 'start' | 'joined' | 'acknowledged' | 'cleared'>;
  sources?: Readonly<Record<SourceName, Source>>;
  /** How long a round lasts, in milliseconds. */
  roundMs?: number;
}

const mostEventsPerBatch = 200;
const heartbeatMs = 1_000;
/** The longest a lost ring of the bell can delay an event. */
const lookMs = 1_000;
const joinNoticeMs = 1_000;
/** How soon events that wait for an incident's resolve are looked at again. */
const deferredMs = 20;

/**
 * The inbox pump: evaluates the events of a shard as they come. What a batch decides is committed first; then the
 * workflows of new incidents start, while the next batch is already being evaluated.
 */
export function createEvaluateRulesets(deps: EvaluateRulesetsDeps): PumpRound {
  const { sql, ear, logger, incidents, sources = allSources, roundMs = 60_000 } = deps;
  const compiledRulesets = createCompiledRulesets(createRulesetStore(sql), logger);
  const evaluateBatch = createEvaluateBatch({ sql, compiledRulesets, sources, logger });
  const startIncidents = createStartIncidents({ sql, incidents, logger });

  return async (shard, signal, heartbeat) => {
    const notices = createJoinNotices(joinNoticeMs, () => performance.now());
    const beating = setInterval(heartbeat, heartbeatMs);
    const end = performance.now() + roundMs;
    // One of each at a time, beside the evaluation.
    let starting: Promise<void> = Promise.resolve();
    let telling: Promise<void> | undefined;
    const tell = (occurrences: Occurrences[]) => {
      if (occurrences.length === 0) return;
      telling = startIncidents.signal(occurrences).finally(() => (telling = undefined));
    };
    const begin = async ({ opened, acknowledged, cleared }: Recorded) => {
      if (opened.length + acknowledged.length + cleared.length === 0) return;
      // The engine's rate is the limit: at most one batch of incidents waits for it.
      await starting;
      // One may have opened, been seen to and cleared in the same batch, or in the last.
      starting = startIncidents
        .start(opened, signal)
        .then(() => startIncidents.acknowledge(acknowledged))
        .then(() => startIncidents.clear(cleared));
    };

    try {
      heartbeat();
      while (!signal.aborted && performance.now() < end) {
        const batch = await evaluateBatch(shard, mostEventsPerBatch);
        const { deferred, more } = batch;
        await begin(batch);
        notices.add(batch.joined);
        if (!telling) tell(notices.take());
        const restMs = deferred.length > 0 ? deferredMs : lookMs;
        if (!more) await ear.wait('inbox', shard, Math.min(restMs, end - performance.now()), signal);
      }
    } finally {
      await starting;
      await telling;
      tell(notices.take(true));
      await telling;
      clearInterval(beating);
    }
  };
}
