import assert from 'node:assert/strict';
import { signalProcess } from '../../src/embedded/processes.ts';
import { createSql } from '../../src/stores/sql.ts';
import { poll } from '../support/poll.ts';
import { connectProductTemporal } from '../support/product-temporal.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { lockRow } from '../support/row-lock.ts';
import { createStory } from '../support/story.ts';

/** Postgres has stored a transition, and Temporal never heard that it did. */
describe('chaos/everything-killed-after-storing', function () {
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

  it('finds an acknowledgement by API in the workflow, with its timer', async () => {
    const { id } = await story.open({ acknowledgement_timeout: 3_600, auto_resolve_timeout: 3_600 });
    await killAfterStoring(id, () => story.post(`/v1/incident/${id}/acknowledge`));
    product = await startProduct({ dataDir: product.dataDir });

    const { status, pending_actions } = (await story.get(`/v1/incident/${id}`)).body;
    assert.equal(status, 'acknowledged');
    assert.equal(pending_actions.length, 2);
    const temporal = await connectProductTemporal(product);
    // A query needs a worker.
    const { lifecycle } = await poll(() => temporal.state(id).catch(() => undefined), { timeoutMs: 60_000 });
    assert.equal(lifecycle.status, status);
    assert.deepEqual(
      lifecycle.pendingActions.map(({ type, at }) => ({ type, at })),
      pending_actions,
    );
    await temporal.close();

    // The dead worker's activity has to time out first.
    assert.equal((await story.insist(`/v1/incident/${id}/resolve`)).status, 'resolved');
    assert.deepEqual(await story.log(id), ['triggered', 'acknowledged', 'resolved']);
  });

  it('lets an acknowledgement by signal stand that is stored, although a timer was due when it was played again', async () => {
    const { id, pending_actions } = await story.open({ auto_resolve_timeout: 15 });
    const temporal = await connectProductTemporal(product);
    await killAfterStoring(id, () => temporal.signal(id, 'acknowledge', { by: 'Ann' }));
    await temporal.close();
    await poll(() => Date.now() > Date.parse(pending_actions[0].at), { what: 'its timer is due' });
    product = await startProduct({ dataDir: product.dataDir });

    await story.untilStatus(id, 'resolved');
    assert.deepEqual(await story.log(id), ['triggered', 'acknowledged', 'resolved']);
  });

  /** Freezes Temporal while `act`'s transition waits to be stored, lets that be stored, and kills everything. */
  async function killAfterStoring(id: string, act: () => Promise<unknown>) {
    await poll(async () => (await story.log(id)).length === 1, { what: 'its opening is stored' });
    const sql = createSql(product.databaseUrl, { max: 4 });
    const lock = await lockRow(sql, 'incidents', id);
    const acting = act().catch(() => undefined);
    await poll(async () => (await lock.waiting()).length > 0, { timeoutMs: 60_000, what: 'storing waits' });
    signalProcess(product.pids().temporal!, 'SIGSTOP');
    await lock.release();
    const isStored = async () => (await sql`SELECT FROM log_entries WHERE incident_id = ${id}`).length === 2;
    await poll(isStored, { what: 'it is stored' });
    await product.killAll();
    await acting;
    await sql.end({ timeout: 1 });
  }
});
