import { type Bench, createTenant, format, inLanes, quantile, type Row, sleep, until } from './support.ts';

const count = 1_000;
/** What opening them may take; the first one is due after it. */
const openingMs = 60_000;
const lanes = 20;

/** A thousand open incidents whose timers come due within one minute, and another thousand within one second. */
export async function timers(bench: Bench): Promise<Row[]> {
  const spread = await play(bench, 60_000);
  const burst = await play(bench, 1_000);
  return [
    {
      name: '1,000 timers due within a minute: late by p50, p99, at most',
      measured: latenessOf(spread.late),
      budget: 'p99 < 1,000 ms',
      ok: quantile(spread.late, 0.99) < 1_000,
    },
    {
      name: '1,000 timers due within a second: late by p50, p99, at most',
      measured: latenessOf(burst.late),
    },
    {
      name: '1,000 timers due within a second: fired, beside incidents opened',
      measured: `${format(burst.firedPerSecond)} and ${format(burst.openedPerSecond)} a second`,
    },
    {
      name: '1,000 timers due within a second: fired before one due 5 s earlier',
      measured: format(burst.overtaken + spread.overtaken, 0),
      budget: '0',
      ok: burst.overtaken + spread.overtaken === 0,
    },
  ];
}

async function play({ product, sql }: Bench, withinMs: number) {
  const tenant = await createTenant(product, `timers within ${withinMs} ms`);
  const began = Date.now();
  const firstDue = began + openingMs;
  await inLanes(count, lanes, async (index) => {
    const due = firstDue + Math.floor((index * withinMs) / count);
    const auto_resolve_timeout = Math.round((due - Date.now()) / 1_000);
    const about = { name: `Timer ${index}`, description: '', urgency: 'low', auto_resolve_timeout };
    await tenant.post(`/v1/team/${tenant.teamId}/incident`, about);
  });
  const recorded = async (type: string) => {
    const [row] = await sql<{ count: number }[]>`
      SELECT count(*)::integer AS count FROM transitions t JOIN incidents i ON i.id = t.incident_id
      WHERE i.team_id = ${tenant.teamId} AND t.type = ${type}`;
    return row!.count;
  };
  await until(openingMs, 'all are open', async () => (await recorded('triggered')) === count);
  const openedPerSecond = (count * 1_000) / (Date.now() - began);
  if ((await recorded('resolved')) > 0) throw new Error('The first timer came due before all incidents were open');
  await sleep(firstDue - 1_000 - Date.now());
  await until(withinMs + 120_000, 'every timer has fired', async () => (await recorded('resolved')) >= count);

  const fired = await sql<{ due: number; at: number }[]>`
    SELECT extract(epoch FROM t.at)::float8 * 1000 AS at, extract(epoch FROM (l.details->>'due_at')::timestamptz)::float8 * 1000 AS due
    FROM transitions t
    JOIN incidents i ON i.id = t.incident_id AND i.team_id = ${tenant.teamId}
    JOIN log_entries l ON l.incident_id = t.incident_id AND l.sequence = t.sequence AND l.index = 0
    WHERE t.type = 'resolved' ORDER BY due`;
  if (fired.length !== count) throw new Error(`${fired.length} timers fired`);
  const from = Math.min(...fired.map(({ due }) => due));
  const to = Math.max(...fired.map(({ at }) => at));
  // Earliest firing of all that are due later, from the end on.
  let earliest = Number.POSITIVE_INFINITY;
  let overtaken = 0;
  const later: { due: number; at: number }[] = [];
  for (const one of [...fired].reverse()) {
    while (later.length > 0 && later[0]!.due >= one.due + 5_000) earliest = Math.min(earliest, later.shift()!.at);
    if (earliest < one.at) overtaken += 1;
    later.push(one);
  }
  return {
    late: fired.map(({ due, at }) => at - due),
    firedPerSecond: (count * 1_000) / (to - from),
    openedPerSecond,
    overtaken,
  };
}

function latenessOf(late: number[]): string {
  return `${[quantile(late, 0.5), quantile(late, 0.99), Math.max(...late)].map((ms) => format(ms, 0)).join(', ')} ms`;
}
