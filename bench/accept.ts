import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Bench, createTenant, evaluated, format, quantile, type Row, sendEvents } from './support.ts';

const rounds = 5;
/** Shorter than a pump's heartbeat timeout, so that a pause is no death. */
const seconds = 3;

type Sent = Awaited<ReturnType<typeof sendEvents>>;

/** Events accepted a second against what a bare handler on the same Postgres accepts, in turns. */
export async function accept({ product, sql }: Bench): Promise<Row[]> {
  const tenant = await createTenant(product, 'accept');
  const webhook = await tenant.createWebhook();
  const worker = product.pids().worker!;
  const bare = fork(fileURLToPath(new URL('bare-handler.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, DATABASE_URL: product.databaseUrl },
  });
  try {
    const [{ port }] = (await once(bare, 'message')) as [{ port: number }];
    const bareUrl = `http://127.0.0.1:${port}/`;
    await sendEvents(webhook.url, { duration: 2 });
    await sendEvents(bareUrl, { duration: 2 });
    await evaluated(sql, webhook.id);

    const ours: Sent[] = [];
    const alone: Sent[] = [];
    const theirs: Sent[] = [];
    for (let round = 0; round < rounds; round++) {
      theirs.push(await sendEvents(bareUrl, { duration: seconds }));
      ours.push(await sendEvents(webhook.url, { duration: seconds }));
      // What is still being evaluated would slow the next one down.
      await evaluated(sql, webhook.id);
      alone.push(await paused(worker, () => sendEvents(webhook.url, { duration: seconds })));
      await evaluated(sql, webhook.id);
    }
    const rates = (of: Sent[]) => of.map(({ perSecond }) => perSecond);
    const ratio = (of: Sent[]) => median(rates(of).map((rate, round) => rate / rates(theirs)[round]!));
    const measured = (of: Sent[]) =>
      `${format(ratio(of), 2)} (${format(median(rates(of)))} to ${format(median(rates(theirs)))} a second)`;
    const latency = (of: Sent[]) =>
      `p50 ${format(median(of.map(({ p50 }) => p50)))} ms, p99 ${format(median(of.map(({ p99 }) => p99)))} ms`;
    return [
      {
        name: 'events accepted and evaluated against a bare Koa handler',
        measured: measured(ours),
        budget: 'ratio >= 1.00',
        ok: ratio(ours) >= 1,
      },
      { name: 'the same, evaluated later: the worker is paused', measured: measured(alone) },
      { name: 'event in to 201, 50 clients', measured: `${latency(ours)} (bare: ${latency(theirs)})` },
    ];
  } finally {
    bare.disconnect();
    await sql`DROP TABLE IF EXISTS bench_bare_events`;
  }
}

/** Runs `work` while a process gets no processor time: as if it had a machine of its own. */
async function paused<T>(pid: number, work: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function median(values: number[]): number {
  return quantile(values, 0.5);
}
