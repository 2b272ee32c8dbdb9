import { Client, Connection } from '@temporalio/client';
import { shardCount } from '../src/stores/doorbell.ts';
import { type Bench, createTenant, evaluated, format, type Row, sendEvents, timed } from './support.ts';

const amount = 5_000;
const rulesets = 10;
/** Pumps begin a new round every minute: one workflow task and one activity task each. */
const tasksOfAMinute = (2 * shardCount + 1) * 2;

/** Events that open nothing: how fast they are evaluated, and that the engine hears nothing of them. */
export async function noMatch({ product, sql }: Bench): Promise<Row[]> {
  const tenant = await createTenant(product, 'no match');
  const webhook = await tenant.createWebhook();
  for (let n = 0; n < rulesets; n++)
    await tenant.createRuleset({
      conditions: [{ type: 'json-check', key: 'status', operator: 'equal', values: [`state ${n}`] }],
    });
  const connection = await Connection.connect({ address: product.temporalAddress });
  const client = new Client({ connection });

  const before = await spent(client);
  let sent = 0;
  const ms = await timed(async () => {
    sent = (await sendEvents(webhook.url, { amount })).accepted;
    await evaluated(sql, webhook.id);
  });
  const after = await spent(client);
  await connection.close();

  const perSecond = (sent * 1_000) / ms;
  const tasks = after.tasks - before.tasks;
  const started = after.workflows - before.workflows;
  return [
    {
      name: 'events that match none of 10 rulesets, evaluated',
      measured: `${format(perSecond)} a second`,
      budget: '>= 1,500 a second',
      ok: perSecond >= 1_500,
    },
    {
      name: 'Temporal tasks spent on 5,000 such events',
      measured: `${tasks}, and ${started} workflows`,
      budget: `at most the ${tasksOfAMinute} of an idle minute, 0`,
      ok: tasks <= tasksOfAMinute && started === 0,
    },
  ];
}

/** All tasks that the pumps were given so far, and all workflows there are. */
async function spent({ workflow }: Client): Promise<{ tasks: number; workflows: number }> {
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const pumps = ['housekeeping', ...shards.flatMap((shard) => [`inbox-${shard}`, `outbox-${shard}`])];
  let tasks = 0;
  for (const id of pumps) {
    const { events } = await workflow.getHandle(id).fetchHistory();
    for (const event of events ?? [])
      if (event.workflowTaskScheduledEventAttributes || event.activityTaskScheduledEventAttributes) tasks++;
  }
  return { tasks, workflows: (await workflow.count()).count };
}
