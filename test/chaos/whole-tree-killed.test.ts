import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { connectProductTemporal } from '../support/product-temporal.ts';
import { processTree, removeDataDir, spawnProduct, startProduct, type TestProduct } from '../support/product.ts';
import { createRandom } from '../support/random.ts';
import { readWebhooks } from '../support/received.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createStory, incidentEvents } from '../support/story.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000));
const long = ['disk', 'memory', 'network', 'queue', 'login', 'search'];
const short = ['blip', 'spike', 'flap'];
const cases = [...long, ...short];

describe(`chaos/whole-tree-killed (CHAOS_SEED=${seed})`, function () {
  this.timeout(400_000);
  const random = createRandom(seed);
  const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-chaos-'));
  let product: TestProduct;
  let receiver: Receiver;
  let subscription: { id: string; secret: string };
  let traffic: Traffic;
  let rulesets: Record<string, string>;
  let webhookId: string;
  const story = createStory(() => product);
  const list = () => story.list('/v1/organisation/incidents', 'incidents');

  before(async () => {
    receiver = await createReceiver();
    receiver.behave(() => ({ delayMs: random() * 150 }));
  });
  after(async () => {
    await product?.killAll();
    await receiver.close();
    await removeDataDir(dataDir);
  });

  // While initdb runs; then while the databases start and migrations are applied.
  for (const [line, within] of [
    ['Making a Postgres', 1_000],
    ['Starting Temporal', 2_500],
  ] as const)
    it(`survives a kill up to ${within} ms after "${line}"`, async () => {
      const { child, output, ended } = await spawnProduct({ dataDir });
      await poll(() => output().includes(line), { timeoutMs: 60_000 });
      await sleep(random() * within);
      const tree = processTree(child.pid!);
      for (const pid of tree) signalProcess(pid, 'SIGKILL');
      await ended;
      assert.ok(await waitUntilGone(tree, 30_000));
    });

  it('starts all the same', async () => {
    product = await startProduct({ dataDir });
    subscription = await story.subscribe('standard', receiver.url, incidentEvents);
    ({ webhookId, rulesets } = await story.cases(long, { auto_resolve_timeout: null }));
    const forShort = await story.cases(short, { auto_resolve_timeout: 3, webhook_id: webhookId });
    Object.assign(rulesets, forShort.rulesets);
    traffic = createTraffic(story, { webhookId, cases, random });
  });

  for (const round of [1, 2, 3, 4])
    it(`is killed at work, and started again (${round})`, async () => {
      const enough = new AbortController();
      const running = traffic.run(enough.signal);
      // Not a wait for anything: the seed says at which moment of its work it dies.
      await sleep(300 + random() * 2_500);
      await product.killAll();
      enough.abort();
      await running;
      product = await startProduct({ dataDir });
    });

  it('has every event that it took, evaluated once', async () => {
    assert.deepEqual(traffic.wrong, []);
    assert.ok(traffic.events.size > 5);
    const events = await story.untilEvaluated(webhookId);
    const ids = new Set(events.map(({ id }) => id));
    assert.deepEqual(
      [...traffic.events.keys()].filter((id) => !ids.has(id)),
      [],
    );
    const joined = new Map<string, number>();
    for (const { body, matches } of events) {
      assert.deepEqual(
        matches.map((match: Json) => match.ruleset_id),
        [rulesets[JSON.parse(body).case]],
      );
      joined.set(matches[0].incident_id, (joined.get(matches[0].incident_id) ?? 0) + 1);
    }
    const incidents = await list();
    for (const { id, ruleset_id, occurrences } of incidents)
      assert.equal(occurrences, ruleset_id === null ? 1 : joined.get(id));
    assert.ok([...joined.keys(), ...traffic.opened].every((id) => incidents.some((incident) => incident.id === id)));
  });

  it('still has every timer, and fires those that are due', async () => {
    const incidents = await poll(
      async () => {
        const listed = await list();
        return listed.every((row) => row.status === 'resolved' || row.auto_resolve_timeout === null) && listed;
      },
      { timeoutMs: 60_000, everyMs: 200, what: 'every short incident is resolved' },
    );
    const open = incidents.filter(({ status }) => status !== 'resolved');
    const scopes = open.flatMap(({ ruleset_id }) => ruleset_id ?? []);
    assert.equal(new Set(scopes).size, scopes.length, 'one open incident for each key at most');
    const temporal = await connectProductTemporal(product);
    for (const { id } of open) {
      // What a killed worker was storing is stored when its activity has timed out.
      const agree = async () => {
        const { body } = await story.get(`/v1/incident/${id}`);
        const state = await temporal.state(id).catch(() => undefined);
        const pending = state?.lifecycle.pendingActions.map(({ type, at }) => ({ type, at }));
        return (await story.log(id)).length > 0 && isDeepStrictEqual(pending, body.pending_actions);
      };
      await poll(agree, { timeoutMs: 60_000, everyMs: 100, what: `${id} is the same in Postgres and Temporal` });
    }
    await temporal.close();
  });

  it('has carried out every command that it confirmed', async () => {
    for (const [id, rootCause] of traffic.resolved)
      assert.equal((await story.get(`/v1/incident/${id}`)).body.root_cause, rootCause);
    for (const [id, { confirmed, unknown }] of traffic.acknowledged) {
      const stored = (await story.log(id)).filter((type) => type === 'acknowledged').length;
      assert.ok(stored >= confirmed && stored <= confirmed + unknown, `${stored} of ${confirmed} + ${unknown}`);
    }
  });

  it('tells the receiver all of it, in order, each delivery under one id', async () => {
    const deliveries = await story.untilDelivered(subscription.id);
    const told = readWebhooks(receiver.requests, subscription.secret);
    const incidents = await list();
    for (const { id } of incidents) {
      const webhooks = told.filter(({ body }) => body.data.incident.id === id);
      // A repeat may follow its first attempt at once; none comes after a later one.
      const inARow = webhooks.filter((webhook, index) => webhook.id !== webhooks[index - 1]?.id);
      assert.equal(new Set(inARow.map((webhook) => webhook.id)).size, inARow.length, `${id} was told out of order`);
      assert.deepEqual(
        inARow.map(({ type }) => type),
        (await story.log(id)).map((type) => `incident.${type}`),
      );
      for (const webhook of webhooks)
        assert.equal(webhook.type, deliveries.find((delivery) => delivery.id === webhook.id)?.event);
    }
  });
});
