import assert from 'node:assert/strict';
import { signalProcess } from '../../src/embedded/processes.ts';
import { kill, launchedAfter } from '../support/kill.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createRandom } from '../support/random.ts';
import { createStory } from '../support/story.ts';
import { createTraffic } from '../support/traffic.ts';

const cases = ['disk', 'memory', 'network', 'queue'];

describe('chaos/postgres-killed-under-load', function () {
  this.timeout(240_000);
  let product: TestProduct;
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
  });
  after(async () => {
    await product.killAll();
    await removeDataDir(product.dataDir);
  });

  it('answers 503 while Postgres is away, never 500, and recovers without help', async () => {
    const { webhookId } = await story.cases(cases);
    const traffic = createTraffic(story, { webhookId, cases, random: createRandom(1), lanes: 6 });
    const enough = new AbortController();
    const running = traffic.run(enough.signal);
    await poll(() => traffic.events.size > 30, { what: 'the load is on' });

    const { api, worker, temporal } = product.pids();
    const killed = await kill(product, 'postgres');
    // The next one is kept from starting, so that the outage lasts.
    const next = await launchedAfter(product, 'postgres', killed);
    signalProcess(next, 'SIGSTOP');
    const refusedBefore = traffic.notNow;
    await poll(() => traffic.notNow >= refusedBefore + 20, { timeoutMs: 60_000, what: 'the API refuses' });
    const [ready, health] = await Promise.all([story.get('/ready'), story.get('/health')]);
    assert.deepEqual([ready.status, ready.body.errors[0].field, health.status], [503, 'postgres', 200]);
    signalProcess(next, 'SIGCONT');

    const takenBefore = traffic.events.size;
    await poll(() => traffic.events.size > takenBefore + 30, { timeoutMs: 60_000, what: 'events are taken again' });
    enough.abort();
    await running;
    assert.deepEqual(traffic.wrong, []);
    const events = await story.untilEvaluated(webhookId);
    const ids = new Set(events.map(({ id }) => id));
    assert.deepEqual(
      [...traffic.events.keys()].filter((id) => !ids.has(id)),
      [],
    );
    assert.ok(events.every(({ matches }) => matches.length === 1));
    for (const id of traffic.opened)
      await poll(async () => (await story.log(id)).includes('triggered'), {
        timeoutMs: 60_000,
        what: `${id} has begun`,
      });

    const { api: apiNow, worker: workerNow, temporal: temporalNow } = product.pids();
    assert.deepEqual([apiNow, temporalNow], [api, temporal]);
    assert.equal(workerNow, worker);
  });
});
