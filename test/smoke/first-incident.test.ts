import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { connectProductTemporal } from '../support/product-temporal.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { readWebhooks } from '../support/received.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createStory, incidentEvents } from '../support/story.ts';

/** A newcomer's hour, once in peace and once with everything killed and started again after each change. */
for (const killed of [false, true])
  describe(`smoke/first-incident${killed ? ', with a kill -9 of everything after each change' : ''}`, function () {
    this.timeout(240_000);
    let product: TestProduct;
    let receiver: Receiver;
    let command: string;
    let pulseapi: { id: string; secret: string };
    let standard: { id: string; secret: string };
    let incident: Json;
    const story = createStory(() => product);

    before(async () => {
      product = await startProduct();
      receiver = await createReceiver();
    });
    after(async () => {
      await product.killAll();
      await receiver.close();
      await removeDataDir(product.dataDir);
    });

    it('subscribes a receiver in two dialects', async () => {
      [pulseapi, standard] = await Promise.all([
        story.subscribe('pulseapi', receiver.url),
        story.subscribe('standard', receiver.url, incidentEvents),
      ]);
      assert.match(pulseapi.secret, /^whsec_/);
    });

    it('opens an incident with the printed curl', async () => {
      const lines = product.output().split('\n');
      command = lines[lines.indexOf('Open an incident:') + 1]!.trim();
      const { status, stdout } = spawnSync('sh', ['-c', command.replace('curl', 'curl -s')], { encoding: 'utf8' });
      assert.equal(status, 0, command);
      assert.match(stdout, /"message":"Event received\."/);
      await interrupt();
    });

    it('shows the incident in the API', async () => {
      const list = () => story.list('/v1/organisation/incidents', 'incidents');
      incident = await poll(async () => (await list())[0], { timeoutMs: 60_000 });
      await poll(async () => (await story.log(incident.id)).length > 0, { timeoutMs: 60_000 });
      const { reference, status, acknowledged_at, pending_actions } = incident;
      assert.deepEqual(
        { reference, status, acknowledged_at },
        { reference: 'INC-1', status: 'triggered', acknowledged_at: null },
      );
      const at = new Date(Date.parse(incident.created_at) + 14_400_000).toISOString();
      assert.deepEqual(pending_actions, [{ type: 'resolve', at }]);
    });

    it('shows the incident in Temporal', async () => {
      const temporal = await connectProductTemporal(product);
      try {
        const { status } = await temporal.describe(incident.id);
        assert.equal(status.name, 'RUNNING');
        const query = `TocsinNumber = 1 AND TocsinStatus = "triggered" AND TocsinUrgency = "high"`;
        const found = await poll(async () => (await temporal.find(query))[0], { timeoutMs: 60_000 });
        assert.equal(found, `incident-${incident.id}`);
        // Queries need a worker, and one that was just killed leaves its share of the queue for a moment.
        const state = await poll(() => temporal.state(incident.id).catch(() => undefined), { timeoutMs: 60_000 });
        assert.equal(state.lifecycle.pendingActions[0]?.at, incident.pending_actions[0].at);
        const details = await temporal.details(incident.id);
        assert.match(details, /### INC-1: Something is down/);
        assert.ok(details.includes(`| resolve | ${incident.pending_actions[0].at} |`));
      } finally {
        await temporal.close();
      }
    });

    it('acknowledges it', async () => {
      const acknowledged = await story.insist(`/v1/incident/${incident.id}/acknowledge`);
      assert.equal(acknowledged.status, 'acknowledged');
      assert.deepEqual(
        acknowledged.pending_actions.map((action: Json) => action.type),
        ['unacknowledge', 'resolve'],
      );
      await interrupt();
    });

    it('resolves it with its root cause', async () => {
      const resolved = await story.insist(`/v1/incident/${incident.id}/resolve`, { root_cause: 'A full disk' });
      assert.deepEqual(
        [resolved.status, resolved.root_cause, resolved.pending_actions],
        ['resolved', 'A full disk', []],
      );
      await interrupt();
    });

    it('has told the receiver, signed, what each dialect calls it', async () => {
      const [created, ...later] = await assertTold(pulseapi, ['incident.created', 'incident.resolved']);
      assert.deepEqual([created!.body.incident.id, created!.body.incident.status], [1, 'open']);
      const { status, root_cause } = later.at(-1)!.body.incident;
      assert.deepEqual([status, root_cause], ['resolved', 'A full disk']);
      const told = await assertTold(standard, ['incident.triggered', 'incident.acknowledged', 'incident.resolved']);
      assert.equal(told.at(-1)!.body.data.incident.root_cause, 'A full disk');
    });

    it('lists what happened', async () => {
      assert.deepEqual(await story.log(incident.id), ['triggered', 'acknowledged', 'resolved']);
      assert.deepEqual(await story.list(`/v1/incident/${incident.id}/actions`, 'actions'), []);
      const temporal = await connectProductTemporal(product);
      const hasEnded = async () => (await temporal.describe(incident.id)).status.name === 'COMPLETED';
      await poll(hasEnded, { timeoutMs: 60_000, what: 'its workflow has ended' });
      await temporal.close();
    });

    async function interrupt() {
      if (!killed) return;
      await product.killAll();
      product = await startProduct({ dataDir: product.dataDir });
    }

    /** Each event reached the receiver, in order, under one id; without a kill exactly once. */
    async function assertTold({ id, secret }: { id: string; secret: string }, types: string[]) {
      const deliveries = await story.untilDelivered(id, types.length);
      assert.deepEqual(
        deliveries.map(({ event }) => event),
        types,
      );
      const ids = deliveries.map((delivery) => delivery.id as string);
      const told = readWebhooks(
        receiver.requests.filter(({ headers }) => ids.includes(String(headers['webhook-id']))),
        secret,
      );
      const firsts = told.filter((webhook, index) => told.findIndex((other) => other.id === webhook.id) === index);
      assert.deepEqual(
        firsts.map((webhook) => [webhook.id, webhook.type]),
        types.map((type, index) => [ids[index], type]),
      );
      if (!killed) assert.equal(told.length, types.length);
      for (const { attempts } of deliveries) {
        if (!killed) assert.equal(attempts.length, 1);
        assert.deepEqual([attempts.at(-1).outcome, attempts.at(-1).status_code], ['success', 200]);
      }
      return told;
    }
  });
