import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { signalProcess } from '../../src/embedded/processes.ts';
import type { Json } from '../support/api.ts';
import { kill, launchedAfter } from '../support/kill.ts';
import { poll } from '../support/poll.ts';
import { connectProductTemporal } from '../support/product-temporal.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { readWebhooks } from '../support/received.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createStory, incidentEvents } from '../support/story.ts';

const cases = Array.from({ length: 50 }, (_, index) => `case-${index}`);
/** Each case is reported four times. */
const reports = [cases, cases, cases, cases].flat();
const openedByHand = 12;

describe('chaos/temporal-killed-while-events-arrive', function () {
  this.timeout(180_000);
  let product: TestProduct;
  let receiver: Receiver;
  let subscription: { id: string; secret: string };
  let incidents: Json[];
  let webhookId: string;
  let rulesets: Record<string, string>;
  const answers: number[] = [];
  const acknowledgeKey = randomUUID();
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
    receiver = await createReceiver();
    subscription = await story.subscribe('standard', receiver.url, incidentEvents);
    ({ webhookId, rulesets } = await story.cases(cases, { auto_resolve_timeout: null }));
  });
  after(async () => {
    await product.killAll();
    await receiver.close();
    await removeDataDir(product.dataDir);
  });

  it('takes every event and every new incident while Temporal is away; commands answer 503', async () => {
    const early = await story.open({ name: 'Opened before' });
    await poll(async () => (await story.log(early.id)).length === 1, { what: 'its opening is stored' });
    const waiting = [...reports];
    const send = async (until: number) => {
      while (waiting.length > until) answers.push((await story.event(webhookId, { case: waiting.shift() })).status);
    };
    const four = (work: () => Promise<void>) => Promise.all([work(), work(), work(), work()]);

    await four(() => send(reports.length - 60));
    const sending = four(() => send(60));
    const killed = await kill(product, 'temporal');
    // The next one is kept from starting, so that the outage lasts.
    const next = await launchedAfter(product, 'temporal', killed);
    signalProcess(next, 'SIGSTOP');
    try {
      await sending;
      const opening = Array.from({ length: openedByHand }, (_, index) => story.open({ name: `By hand ${index}` }));
      const acknowledging = story.post(`/v1/incident/${early.id}/acknowledge`, {}, { idempotencyKey: acknowledgeKey });
      await four(() => send(0));
      assert.ok((await Promise.all(opening)).every(({ status }) => status === 'triggered'));
      const refused = await acknowledging;
      assert.equal(refused.status, 503, refused.text);
      assert.ok(['unavailable', 'not_confirmed'].includes(refused.body.code));
      assert.ok(Number(refused.headers.get('Retry-After')) > 0);
    } finally {
      signalProcess(next, 'SIGCONT');
    }
    assert.deepEqual(new Set(answers), new Set([201]));
    assert.equal(answers.length, reports.length);
    await story.ready();

    // A repeat under the same key: how often is for the client to choose.
    const repeat = async () => {
      const answer = await story.post(`/v1/incident/${early.id}/acknowledge`, {}, { idempotencyKey: acknowledgeKey });
      assert.ok([200, 503].includes(answer.status), answer.text);
      return answer.status === 200 && answer;
    };
    const repeated = await poll(repeat, { timeoutMs: 60_000, everyMs: 200, what: 'the acknowledge is confirmed' });
    assert.equal(repeated.body.status, 'acknowledged');
    assert.deepEqual(await story.log(early.id), ['triggered', 'acknowledged']);
  });

  it('evaluates every event afterwards, each into the one incident of its case', async () => {
    const events = await story.untilEvaluated(webhookId);
    assert.equal(events.length, reports.length);
    incidents = await story.list('/v1/organisation/incidents', 'incidents');
    const rulesetOf = new Map(incidents.map(({ id, ruleset_id }) => [id, ruleset_id]));
    for (const { body, matches } of events) {
      assert.deepEqual(
        matches.map((match: Json) => [match.ruleset_id, rulesetOf.get(match.incident_id)]),
        [[rulesets[JSON.parse(body).case], rulesets[JSON.parse(body).case]]],
      );
    }
    assert.equal(incidents.length, cases.length + openedByHand + 1);
    const opened = incidents.filter(({ ruleset_id }) => ruleset_id !== null);
    assert.deepEqual(new Set(opened.map(({ ruleset_id }) => ruleset_id)).size, cases.length);
    assert.ok(opened.every(({ occurrences }) => occurrences === reports.length / cases.length));
  });

  it('gives every incident its workflow, which stores its opening once', async () => {
    const temporal = await connectProductTemporal(product);
    try {
      for (const { id, name } of incidents) {
        await poll(async () => (await story.log(id)).length > 0, { timeoutMs: 60_000, what: `${name} has begun` });
        assert.equal((await temporal.describe(id)).status.name, 'RUNNING');
        const log = await story.log(id);
        assert.deepEqual(log, name === 'Opened before' ? ['triggered', 'acknowledged'] : ['triggered']);
      }
    } finally {
      await temporal.close();
    }
  });

  it('tells the receiver of each incident once', async () => {
    const told = () => readWebhooks(receiver.requests, subscription.secret);
    const deliveries = await story.untilDelivered(subscription.id, incidents.length + 1);
    assert.equal(deliveries.length, incidents.length + 1);
    const seen = new Map(told().map(({ id, type, body }) => [id, `${type} ${body.data.incident.id}`]));
    assert.equal(seen.size, incidents.length + 1);
    assert.equal(new Set(seen.values()).size, incidents.length + 1);
  });
});
