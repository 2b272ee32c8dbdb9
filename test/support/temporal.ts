import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';

let quiet = false;

/** Workers write their own log lines otherwise, between the reporter's. */
export function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
}

export interface TestTemporal {
  client: Client;
  connection: Connection;
  native: NativeConnection;
  /** Of this test file's own, so that files never take each other's work. */
  taskQueue: string;
  /** Runs a worker on `taskQueue` while `work` runs. */
  withWorker<T>(options: Partial<WorkerOptions>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The dev server that `npm test` started, with a task queue of one's own. */
export async function connectTestTemporal(): Promise<TestTemporal> {
  const address = process.env.TEST_TEMPORAL_ADDRESS;
  if (!address) throw new Error('TEST_TEMPORAL_ADDRESS is not set: run tests with `npm test -- <file>`');
  quietRuntime();
  const connection = await Connection.connect({ address });
  await registerSearchAttributes(connection, 'default');
  const native = await NativeConnection.connect({ address });
  const taskQueue = `test-${randomBytes(6).toString('hex')}`;
  return {
    client: new Client({ connection }),
    connection,
    native,
    taskQueue,
    async withWorker(options, work) {
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: await workflowBundle(),
        // A worker that ends hands its workflows over at once instead of after the sticky queue's timeout.
        stickyQueueScheduleToStartTimeout: '1s',
        ...options,
        activities: { page: async () => ({ members: 1, reachable: 1 }), ...options.activities },
      });
      return worker.runUntil(work);
    },
    async close() {
      await native.close();
      await connection.close();
    },
  };
}
