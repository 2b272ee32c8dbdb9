import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createLogger } from '../src/logger.ts';
import { createBell, shardCount } from '../src/stores/doorbell.ts';
import { type Bench, createTenant, format, quantile, type Row, timed, until } from './support.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

const healthy = 10;
const each = 100;
const rounds = 3;

/** 1,000 deliveries to ten endpoints that answer at once: by themselves, and beside one that never answers. */
export async function deliveries({ product, sql }: Bench): Promise<Row[]> {
  const tenant = await createTenant(product, 'deliveries');
  const subscribers = await Promise.all(Array.from({ length: healthy }, createSubscriber));
  const dead = await createDeadEndpoint();
  const bell = createBell(sql, createLogger('silent', 'bench'));
  try {
    for (const { url } of subscribers) await tenant.subscribe(url);
    await tenant.post(`/v1/team/${tenant.teamId}/incident`, { name: 'Down', description: '', urgency: 'high' });
    await Promise.all(subscribers.map(({ received }) => received(1)));
    await tenant.subscribe(dead.url);
    let expected = 1;
    const run = async (isDeadToo: boolean) => {
      await settled(sql, dead.url);
      expected += each;
      const count = expected;
      return timed(async () => {
        await enqueue(sql, isDeadToo ? null : dead.url);
        bell.ring(
          'outbox',
          Array.from({ length: shardCount }, (_, shard) => shard),
        );
        await Promise.all(subscribers.map((subscriber) => reached(subscriber, count)));
      });
    };
    await run(false);
    const [alone, besides]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      alone.push(await run(false));
      besides.push(await run(true));
    }
    const rate = (ms: number[]) => (healthy * each * 1_000) / quantile(ms, 0.5);
    const ratio = rate(besides) / rate(alone);
    return [
      { name: `deliveries to ${healthy} endpoints`, measured: `${format(rate(alone))} a second` },
      {
        name: `the same beside a dead one`,
        measured: `${format(rate(besides))} a second, ratio ${format(ratio, 2)}`,
        budget: 'ratio >= 0.80',
        ok: ratio >= 0.8,
      },
    ];
  } finally {
    await Promise.all([...subscribers.map((subscriber) => subscriber.close()), dead.close()]);
  }
}

/** `each` deliveries for every subscription there is but `exceptUrl`'s, all of the newest incident's opening, each in an order of its own. */
async function enqueue(sql: Bench['sql'], exceptUrl: string | null): Promise<void> {
  await sql`
    INSERT INTO deliveries (id, organisation_id, subscription_id, incident_id, subject_id, sequence, transition_type, event,
      shard, next_attempt_at, created_at)
    SELECT gen_random_uuid(), s.organisation_id, s.id, opened.incident_id, gen_random_uuid(), opened.sequence,
      'triggered', 'incident.triggered', get_byte(uuid_send(s.id), 15) % ${shardCount}::integer, now(), now()
    FROM (SELECT * FROM transitions WHERE type = 'triggered' ORDER BY at DESC LIMIT 1) AS opened
    JOIN subscriptions AS s ON s.organisation_id = opened.organisation_id
    CROSS JOIN generate_series(1, ${each}::integer)
    WHERE s.url IS DISTINCT FROM ${exceptUrl}`;
}

/** Nothing is under way but what hangs, and that is forgotten: each round begins alike. */
async function settled(sql: Bench['sql'], deadUrl: string): Promise<void> {
  await sql`
    UPDATE deliveries SET status = 'cancelled', next_attempt_at = NULL, lease_token = NULL
    WHERE status = 'pending' AND subscription_id IN (SELECT id FROM subscriptions WHERE url = ${deadUrl})`;
  await sql`UPDATE subscriptions SET paused_until = NULL WHERE url = ${deadUrl}`;
  await until(60_000, 'everything was delivered', async () => {
    const [row] = await sql<{ waits: boolean }[]>`
      SELECT EXISTS (SELECT FROM deliveries WHERE status = 'pending') AS waits`;
    return !row!.waits;
  });
}

async function reached({ arrivals, received }: Subscriber, count: number): Promise<void> {
  if (arrivals.length < count) await received(count);
}

/** Takes connections and never says a word. */
async function createDeadEndpoint(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
