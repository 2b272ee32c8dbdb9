import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { HousekeepingActivities, PumpActivities } from '../activities/incident-activities.ts';
import { taskQueues } from '../temporal/names.ts';

/** A dead worker is noticed after the heartbeat timeout, and another one takes over. */
const longRunning = {
  startToCloseTimeout: '2m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
} as const;

const { evaluateRulesets } = proxyActivities<PumpActivities>({ ...longRunning, taskQueue: taskQueues.inbox });
const { deliverWebhooks } = proxyActivities<PumpActivities>({ ...longRunning, taskQueue: taskQueues.outbox });
const { keepHouse } = proxyActivities<HousekeepingActivities>({ ...longRunning, taskQueue: taskQueues.incidents });

/** Three hours of rounds; the history stays far below the size the server advises. */
const roundsPerRun = 180;

/** Evaluates the events of one shard, for ever. */
export async function inbox(shard: number): Promise<void> {
  await turn(() => evaluateRulesets(shard));
  await continueAsNew<typeof inbox>(shard);
}

/** Delivers the webhooks of one shard, for ever. */
export async function outbox(shard: number): Promise<void> {
  await turn(() => deliverWebhooks(shard));
  await continueAsNew<typeof outbox>(shard);
}

/** Repairs what a crash left half said between Postgres and Temporal, for ever. */
export async function housekeeping(): Promise<void> {
  await turn(() => keepHouse());
  await continueAsNew<typeof housekeeping>();
}

async function turn(round: () => Promise<void>): Promise<void> {
  for (let rounds = 0; rounds < roundsPerRun && !workflowInfo().continueAsNewSuggested; rounds++) await round();
}
