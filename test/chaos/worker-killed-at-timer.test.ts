import assert from 'node:assert/strict';
import { createSql, type Sql } from '../../src/stores/sql.ts';
import { kill, launchedAfter } from '../support/kill.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { readWebhooks } from '../support/received.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { lockRow } from '../support/row-lock.ts';
import { createStory } from '../support/story.ts';

describe('chaos/worker-killed-at-timer', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let receiver: Receiver;
  let sql: Sql;
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
    receiver = await createReceiver();
    sql = createSql(product.databaseUrl, { max: 4 });
  });
  after(async () => {
    await sql.end({ timeout: 1 });
    await product.killAll();
    await receiver.close();
    await removeDataDir(product.dataDir);
  });

  for (const { what, lands } of [
    { what: 'the effect is lost with the worker', lands: false },
    { what: "the dead worker's statement still lands", lands: true },
  ])
    it(`stores and tells a timer's effect once when ${what}`, async () => {
      const subscriptions = [
        await story.subscribe('standard', receiver.url, ['incident.resolved']),
        await story.subscribe('pulseapi', receiver.url, ['incident.resolved']),
      ];
      const incident = await story.open({ auto_resolve_timeout: 6 });
      await poll(async () => (await story.log(incident.id)).length === 1, { what: 'its opening is stored' });

      // The timer fires, and storing its effect waits for the row.
      const lock = await lockRow(sql, 'incidents', incident.id);
      await poll(async () => (await lock.waiting()).length > 0, { timeoutMs: 60_000, what: 'the worker waits' });
      assert.ok(Date.now() >= Date.parse(incident.pending_actions[0].at));
      const killed = await kill(product, 'worker');
      if (!lands) await lock.endWaiting();
      await lock.release();
      await launchedAfter(product, 'worker', killed);

      const resolved = await story.untilStatus(incident.id, 'resolved', 60_000);
      assert.equal(resolved.pending_actions.length, 0);
      for (const { id, secret } of subscriptions) {
        const [delivery, ...others] = await story.untilDelivered(id);
        assert.deepEqual(others, []);
        assert.equal(delivery.incident_id, incident.id);
        const own = receiver.requests.filter(({ headers }) => headers['webhook-id'] === delivery.id);
        assert.ok(readWebhooks(own, secret).every(({ type }) => type === 'incident.resolved'));
        assert.equal(own.length, delivery.attempts.length);
      }
      assert.equal(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size, 2);
      assert.deepEqual(await story.log(incident.id), ['triggered', 'resolved']);
      receiver.requests.length = 0;
      await sql`UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now()`;
    });
});
