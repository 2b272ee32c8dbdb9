import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { taskQueues } from '../../temporal/names.ts';
import type { TemporalStatus } from '../deps.ts';

const deadlineMs = 2_000;
/** A poll waits up to a minute for work, and only then is the poller's time renewed. */
const longestPollMs = 70_000;

/** What Temporal says of itself; false when it does not answer in time. */
export function createTemporalStatus(
  connection: Connection,
  namespace: string,
  taskQueue: string = taskQueues.incidents,
): TemporalStatus {
  const ask = (question: () => Promise<boolean>) =>
    connection.withDeadline(Date.now() + deadlineMs, question).catch(() => false);

  return {
    isReachable: () =>
      ask(async () => {
        await connection.workflowService.getSystemInfo({});
        return true;
      }),
    hasWorkers: () =>
      ask(async () => {
        const { pollers } = await connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        });
        const oldest = Date.now() - longestPollMs;
        return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > oldest);
      }),
  };
}
