import { pino } from 'pino';
import { createEvaluateRulesets } from '../../src/activities/evaluate-rulesets.ts';
import { createEar, shardOf } from '../../src/stores/doorbell.ts';
import type { TestApi } from './api.ts';

/** Evaluates the events of these webhooks as they come, as a worker does, until it is stopped. */
export async function startInboxPump(api: TestApi, webhookIds: string[]): Promise<{ stop(): Promise<void> }> {
  const { sql } = api.database;
  const ear = await createEar(sql);
  const logger = pino({ level: 'silent' });
  const round = createEvaluateRulesets({ sql, ear, logger, incidents: api.deps.workflows, roundMs: 600_000 });
  const stop = new AbortController();
  const shards = [...new Set(webhookIds.map(shardOf))];
  const rounds = shards.map((shard) => round(shard, stop.signal, () => {}));
  return {
    async stop() {
      stop.abort();
      await Promise.all(rounds);
      await ear.close();
    },
  };
}
