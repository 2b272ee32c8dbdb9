import assert from 'node:assert/strict';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createStory } from '../support/story.ts';

describe('smoke/actions', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let receiver: Receiver;
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

  const put = async (path: string, json: unknown) => {
    const headers = { authorization: `Bearer ${product.adminKey}`, 'content-type': 'application/json' };
    const answer = await fetch(product.url + path, { method: 'PUT', headers, body: JSON.stringify(json) });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Json;
  };
  /** A webhook whose ruleset opens an incident for each `key` and then runs one action. */
  const ruleset = async (settings: (webhookId: string) => object) => {
    const { id: webhookId } = await story.done('/v1/webhook', { name: 'Probes' });
    const { id } = await story.done('/v1/ruleset', {
      rule_type: 'webhook',
      level: 'team',
      team_id: await story.teamId(),
      conditions: [],
      name: 'Key {{payload.key}}',
      description: '',
      urgency: 'high',
      webhook_id: webhookId,
      incident_key: '{{payload.key}}',
    });
    const actions = [{ type: 'trigger-webhook', settings: settings(webhookId) }];
    await put(`/v1/ruleset/${id}/actions`, { actions });
    return webhookId as string;
  };
  const incidentsOf = async (webhookId: string): Promise<Json[]> => {
    const events = await story.list(`/v1/webhook/${webhookId}/events`, 'events');
    return events.flatMap(({ matches }) => matches).filter(({ outcome }) => outcome === 'opened');
  };
  const runOf = async (incidentId: string): Promise<Json | undefined> =>
    (await story.list(`/v1/incident/${incidentId}/actions`, 'actions'))[0];

  it('posts what a ruleset says for an incident, again where that failed, and shows the outcome', async () => {
    receiver.behave((request) => ({ status: request === receiver.requests[0] ? 503 : 200 }));
    const webhookId = await ruleset(() => ({
      url: receiver.url,
      headers: { 'X-Token': 'hunter2' },
      body: { text: '{{incident.name}}' },
    }));
    await story.event(webhookId, { key: 'a "b"' });
    const [first, second] = await receiver.waitFor(({ length }) => length === 2, 30_000);
    assert.deepEqual(JSON.parse(second!.body), { text: 'Key a "b"' });
    assert.equal(second!.headers['x-token'], 'hunter2');
    assert.equal(second!.headers['webhook-id'], first!.headers['webhook-id']);

    const [opened] = await incidentsOf(webhookId);
    const run = await poll(async () => {
      const found = await runOf(opened!.incident_id);
      return found?.status === 'succeeded' && found;
    });
    assert.deepEqual(
      [run.id, run.trigger, run.error, run.attempts, run.status_code],
      [second!.headers['webhook-id'], 'automated', null, 2, 200],
    );
    assert.doesNotMatch(JSON.stringify(run), /hunter2/);
    assert.deepEqual(await story.log(opened!.incident_id), ['triggered', 'action_run', 'action_succeeded']);
  });

  const body = '{"key": "{{incident.id}}"}';
  for (const [how, settings] of [
    ['inside', (webhookId: string) => ({ webhook_id: webhookId, body })],
    ['over HTTP', (webhookId: string) => ({ url: `${product.url}/v1/incident/webhook/${webhookId}`, body })],
  ] as const)
    it(`ends a loop after three hops: a ruleset that sets itself off, ${how}`, async () => {
      const webhookId = await ruleset(settings);
      await story.event(webhookId, { key: 'first' });
      const runs = await poll(
        async () => {
          const found = await Promise.all((await incidentsOf(webhookId)).map((match) => runOf(match.incident_id)));
          const settled = found.every((run) => run !== undefined && run.status !== 'pending');
          return settled && found.some((run) => run?.status === 'failed') && found;
        },
        { timeoutMs: 60_000, everyMs: 100, what: 'the loop ends' },
      );
      // Newest first, as events are listed.
      assert.deepEqual(
        runs.map((run) => [run!.status, run!.error?.code]),
        [['failed', 'too_many_hops'], ...Array.from({ length: 3 }, () => ['succeeded', undefined])],
      );
      const events = await story.untilEvaluated(webhookId);
      assert.deepEqual(
        events.map(({ hops }) => hops),
        [3, 2, 1, 0],
      );
    });
});
