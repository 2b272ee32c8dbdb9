import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { quietRuntime } from '../test/support/temporal.ts';
import { type Bench, createTenant, format, inLanes, quantile, type Row, timed } from './support.ts';
import { createSubscriber } from './subscriber.ts';

const rounds = 5;
const each = 60;
const lanes = 30;
const taskQueue = 'bench-empty';

/** Incidents opened and delivered a second against empty workflows on the same Temporal, in turns. */
export async function incidents({ product }: Bench): Promise<Row[]> {
  quietRuntime();
  const connection = await Connection.connect({ address: product.temporalAddress });
  const native = await NativeConnection.connect({ address: product.temporalAddress });
  const client = new Client({ connection });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('empty-workflow.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const subscriber = await createSubscriber();
  const tenant = await createTenant(product, 'incidents');
  await tenant.subscribe(subscriber.url);
  const webhook = await tenant.createWebhook();
  // One incident each, since equal keys of different rulesets never meet.
  await inLanes(rounds * each, 4, (n) =>
    tenant.createRuleset({
      webhook_id: webhook.id,
      conditions: [{ type: 'json-check', key: 'n', operator: 'equal', values: [String(n)] }],
    }),
  );

  let workflowsRun = 0;
  const runEmpty = async (count: number) => {
    const worker = await Worker.create({ connection: native, taskQueue, workflowBundle });
    return worker.runUntil(async () =>
      timed(() =>
        inLanes(count, lanes, async () =>
          client.workflow.execute('empty', { taskQueue, workflowId: `bench-empty-${workflowsRun++}` }),
        ),
      ),
    );
  };
  let delivered = 0;
  const open = (count: number, openOne: (index: number) => Promise<unknown>) =>
    timed(() => Promise.all([subscriber.received((delivered += count)), inLanes(count, lanes, openOne)]));
  const openByApi = () =>
    tenant.post(`/v1/team/${tenant.teamId}/incident`, { name: 'Down', description: '', urgency: 'high' });
  const openByEvent = (n: number) => tenant.submit(webhook, { n });

  try {
    await runEmpty(20);
    await open(20, openByApi);
    const empty: number[] = [];
    const byApi: number[] = [];
    const byEvents: number[] = [];
    for (let round = 0; round < rounds; round++) {
      empty.push(await runEmpty(each));
      byApi.push(await open(each, openByApi));
      byEvents.push(await open(each, (n) => openByEvent(round * each + n)));
    }
    const row = (name: string, ms: number[]): Row => {
      const ratio = quantile(
        ms.map((value, round) => empty[round]! / value),
        0.5,
      );
      const rate = (of: number[]) => format((each * 1_000) / quantile(of, 0.5));
      const measured = `${format(ratio, 2)} (${rate(ms)} to ${rate(empty)} a second)`;
      return { name, measured, budget: 'ratio >= 0.80', ok: ratio >= 0.8 };
    };
    return [
      row('incidents opened by API against empty workflows', byApi),
      row('incidents opened by events against empty workflows', byEvents),
    ];
  } finally {
    await subscriber.close();
    await native.close();
    await connection.close();
  }
}
