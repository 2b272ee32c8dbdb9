import { Client, Connection } from '@temporalio/client';
import { incidentWorkflowId } from '../src/temporal/names.ts';
import { type Bench, createTenant, evaluated, format, type Row, sendEvents, timed, until } from './support.ts';

const amount = 10_000;

/** One problem reported ten thousand times: one incident, whose workflow hears little of it. */
export async function storm({ product, sql }: Bench): Promise<Row[]> {
  const tenant = await createTenant(product, 'storm');
  const webhook = await tenant.createWebhook();
  await tenant.createRuleset({
    conditions: [{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }],
  });

  let sent = 0;
  const ms = await timed(async () => {
    sent = (await sendEvents(webhook.url, { amount })).accepted;
    await evaluated(sql, webhook.id);
  });
  const rows = () => sql<{ id: string; occurrences: number; signalled: number }[]>`
    SELECT id, occurrences, occurrences_signalled AS signalled FROM incidents WHERE webhook_id = ${webhook.id}`;
  await until(10_000, 'the incident heard of every event', async () => {
    const found = await rows();
    return found.every(({ occurrences, signalled }) => occurrences === signalled);
  });
  const opened = await rows();
  const counted = opened.reduce((sum, { occurrences }) => sum + occurrences, 0);

  const connection = await Connection.connect({ address: product.temporalAddress });
  const { workflow } = new Client({ connection });
  const { historyLength } = await workflow.getHandle(incidentWorkflowId(opened[0]!.id)).describe();
  await connection.close();
  const perSecond = (sent * 1_000) / ms;
  return [
    {
      name: 'storm of 10,000 events on one key, evaluated',
      measured: `${format(perSecond)} a second`,
      budget: '>= 1,000 a second',
      ok: perSecond >= 1_000,
    },
    {
      name: 'storm: incidents, and occurrences counted',
      measured: `${opened.length}, ${format(counted)}`,
      budget: '1, 10,000',
      ok: opened.length === 1 && counted === sent,
    },
    {
      name: "storm: the workflow's history",
      measured: `${format(historyLength, 0)} events`,
      budget: '< 1,000 events',
      ok: historyLength < 1_000,
    },
  ];
}
