import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { readWebhooks } from '../support/received.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createStory, incidentEvents } from '../support/story.ts';

const types = ['triggered', 'acknowledged', 'unacknowledged', 'resolved'];
const second = 1_000;

describe('smoke/timers', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let receiver: Receiver;
  let subscription: { id: string; secret: string };
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
    receiver = await createReceiver();
    subscription = await story.subscribe('standard', receiver.url, incidentEvents);
  });
  after(async () => {
    await product.killAll();
    await receiver.close();
    await removeDataDir(product.dataDir);
  });

  it('fires the timers of an incident at their second', async () => {
    const { id, due } = await acknowledged({ acknowledgement_timeout: 2, auto_resolve_timeout: 8 });

    const unacknowledged = await story.untilStatus(id, 'triggered');
    assert.equal(unacknowledged.acknowledged_at, null);
    assert.deepEqual(unacknowledged.pending_actions, [{ type: 'resolve', at: due.resolve }]);
    const resolved = await story.untilStatus(id, 'resolved');
    assert.deepEqual(resolved.pending_actions, []);

    const entries = await story.list(`/v1/incident/${id}/log`, 'log_entries');
    assert.deepEqual(
      entries.map((entry) => entry.type),
      types,
    );
    for (const [entry, dueAt] of [
      [entries[2], due.unacknowledge],
      [entries[3], due.resolve],
    ]) {
      assert.deepEqual([entry.agent.type, entry.channel], ['timer', 'timer']);
      assertWithin(15 * second, entry.at, dueAt);
    }
    const told = await untilTold(id);
    assertWithin(30 * second, told[3]!.at, due.resolve);
  });

  it('plays what came due during an outage at once afterwards, in order and once', async () => {
    const { id, due } = await acknowledged({ acknowledgement_timeout: 3, auto_resolve_timeout: 7 });
    await product.killAll();
    await poll(() => Date.now() > Date.parse(due.resolve), { what: 'both timers are due' });
    product = await startProduct({ dataDir: product.dataDir });

    await story.untilStatus(id, 'resolved');
    const entries = await story.list(`/v1/incident/${id}/log`, 'log_entries');
    assert.deepEqual(
      entries.map((entry) => entry.type),
      types,
    );
    assert.deepEqual(
      entries.slice(2).map((entry) => entry.details.due_at),
      [due.unacknowledge, due.resolve],
    );
    await untilTold(id);
  });

  /** Opens and acknowledges an incident, and answers when its timers are due, as the API shows it. */
  async function acknowledged(timeouts: { acknowledgement_timeout: number; auto_resolve_timeout: number }) {
    const opened = await story.open(timeouts);
    const incident = await story.done(`/v1/incident/${opened.id}/acknowledge`);
    const due = Object.fromEntries(incident.pending_actions.map(({ type, at }: Json) => [type, at]));
    const later = (from: string, seconds: number) => new Date(Date.parse(from) + seconds * second).toISOString();
    assert.deepEqual(due, {
      unacknowledge: later(incident.acknowledged_at, timeouts.acknowledgement_timeout),
      resolve: later(incident.created_at, timeouts.auto_resolve_timeout),
    });
    return { id: opened.id as string, due };
  }

  async function untilTold(incidentId: string) {
    const told = () => {
      const webhooks = readWebhooks(receiver.requests, subscription.secret);
      return webhooks.filter(({ body }) => body.data.incident.id === incidentId);
    };
    const expected = types.map((type) => `incident.${type}`);
    await poll(() => isDeepStrictEqual([...new Set(told().map(({ type }) => type))], expected), {
      timeoutMs: 60_000,
      what: 'the receiver is told in order',
    });
    return told();
  }
});

function assertWithin(milliseconds: number, at: string | number, due: string) {
  const late = new Date(at).getTime() - Date.parse(due);
  assert.ok(late >= 0 && late <= milliseconds, `${late} ms after it was due`);
}
