import assert from 'node:assert/strict';
import { createSql, type Sql } from '../../src/stores/sql.ts';
import { kill, launchedAfter } from '../support/kill.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { readWebhooks } from '../support/received.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { lockRow, type RowLock } from '../support/row-lock.ts';
import { createStory } from '../support/story.ts';

describe('chaos/worker-killed-after-answer', function () {
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

  it('sends again under the same id when the answer was lost with the worker', async () => {
    const subscription = await story.subscribe('standard', receiver.url, [
      'incident.triggered',
      'incident.acknowledged',
    ]);
    let lock: RowLock | undefined;
    let answered = false;
    // The first request is answered only when its delivery's row is locked, so that the answer can't be recorded.
    receiver.behave(({ headers }) => ({
      respond: (response) => {
        const id = String(headers['webhook-id']);
        const locked = lock ? Promise.resolve(lock) : lockRow(sql, 'deliveries', id);
        void locked.then((held) => {
          lock = held;
          response.writeHead(200).end(() => (answered = true));
        });
      },
    }));
    const incident = await story.open();
    await poll(() => answered, { timeoutMs: 60_000, what: 'the receiver answers' });
    await poll(async () => (await lock!.waiting()).length > 0, { timeoutMs: 60_000, what: 'the worker waits' });
    // Stored behind the delivery in doubt; it must not overtake that.
    await story.done(`/v1/incident/${incident.id}/acknowledge`);

    const killed = await kill(product, 'worker');
    await lock!.endWaiting();
    await lock!.release();
    const worker = await launchedAfter(product, 'worker', killed);
    assert.notEqual(worker, killed);

    const [first, second] = await story.untilDelivered(subscription.id, 2);
    assert.deepEqual(
      first.attempts.map(({ number, outcome, status_code }: Record<string, unknown>) => [number, outcome, status_code]),
      [
        [1, null, null],
        [2, 'success', 200],
      ],
    );
    assert.equal(second.attempts.length, 1);

    const told = readWebhooks(receiver.requests, subscription.secret);
    assert.deepEqual(
      told.map(({ id, type }) => [id, type]),
      [
        [first.id, 'incident.triggered'],
        [first.id, 'incident.triggered'],
        [second.id, 'incident.acknowledged'],
      ],
    );
    assert.ok(told[1]!.timestamp > told[0]!.timestamp, 'the second attempt has a time of its own');
    assert.deepEqual(told[1]!.body, told[0]!.body);
    assert.deepEqual(await story.log(incident.id), ['triggered', 'acknowledged']);
  });
});
