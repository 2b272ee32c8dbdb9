import { type Bench, createTenant, format, quantile, type Row, sampleEvent, sleep, timed } from './support.ts';
import { createSubscriber } from './subscriber.ts';

const warmUps = 10;
const samples = 200;
/** Not in step with anything that happens every second. */
const pauseMs = () => 150 + Math.random() * 100;

/** The idle product: how soon an event is a webhook at its receiver, and how soon commands are answered. */
export async function latency({ product }: Bench): Promise<Row[]> {
  const tenant = await createTenant(product, 'latency');
  const subscriber = await createSubscriber();
  await tenant.subscribe(subscriber.url);
  await tenant.createRuleset({
    conditions: [{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }],
  });
  const webhook = await tenant.createWebhook();

  const toWebhook: number[] = [];
  const toAccepted: number[] = [];
  const toAcknowledged: number[] = [];
  for (let round = 1; round <= warmUps + samples; round++) {
    await sleep(pauseMs());
    const from = performance.now();
    const accepted = timed(() => tenant.submit(webhook, sampleEvent));
    const delivery = await subscriber.received(round);
    toWebhook.push(subscriber.arrivals[round - 1]! - from);
    toAccepted.push(await accepted);

    const incident = `/v1/incident/${delivery.data.incident.id}`;
    toAcknowledged.push(await timed(() => tenant.post(`${incident}/acknowledge`)));
    // So that the next event opens an incident again.
    await tenant.post(`${incident}/resolve`);
  }
  await subscriber.close();

  const row = (name: string, values: number[], budgets: [p50: number, p99: number] | null): Row => {
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => quantile(values.slice(warmUps), q)) as [number, number, number];
    return {
      name,
      measured: `p50 ${format(p50)} ms, p90 ${format(p90)} ms, p99 ${format(p99)} ms`,
      ...(budgets && {
        budget: `p50 < ${budgets[0]} ms, p99 < ${budgets[1]} ms`,
        ok: p50 < budgets[0] && p99 < budgets[1],
      }),
    };
  };
  return [
    row('event in to first webhook out, idle', toWebhook, [50, 150]),
    row('event in to 201, idle', toAccepted, null),
    row('acknowledge to 200, idle', toAcknowledged, null),
  ];
}
