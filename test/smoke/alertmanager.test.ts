import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Alertmanager, type PushedAlert, startAlertmanager } from '../support/alertmanager.ts';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { samplesOf } from '../support/samples.ts';
import { testSenders } from '../support/signed-request.ts';
import { createStory } from '../support/story.ts';

const guide = readFileSync(new URL('../../docs/guides/inbound.md', import.meta.url), 'utf8');

/** Prometheus Alertmanager itself, with what the guide says to configure, and what other senders send. */
describe('smoke/alertmanager and other senders', function () {
  this.timeout(240_000);
  let product: TestProduct;
  const running: Alertmanager[] = [];
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
  });
  after(async () => {
    await Promise.all(running.map((alertmanager) => alertmanager.stop()));
    await product.killAll();
    await removeDataDir(product.dataDir);
  });

  it('pages for each alert, and resolves what is over, by its webhook notifier', async () => {
    const webhook = await story.done('/v1/webhook', { name: 'Prometheus', source: 'alertmanager' });
    const alertmanager = await start('webhook_configs', webhook);
    const began = secondsAgo(60);
    const alerts = ['api-1', 'api-2'].map((instance) => latencyOf(instance, began));
    await alertmanager.push(alerts);
    const first = await untilOpened('p99 of api-1 is 2.4 s');
    const second = await untilOpened('p99 of api-2 is 2.4 s');
    assert.equal(first.status, 'triggered');
    assert.deepEqual([first.urgency, first.severity], ['high', 'Critical']);
    assert.match(
      first.description,
      /^Requests take too long\.\n\n- Runbook: https:\/\/runbooks\.example\.com\/latency\n/,
    );

    await alertmanager.push([over(alerts[0]!)]);
    await story.untilStatus(first.id, 'resolved', 60_000);
    assert.equal((await story.request('GET', `/v1/incident/${second.id}`)).status, 'triggered');

    await alertmanager.push([over(alerts[1]!)]);
    await story.untilStatus(second.id, 'resolved', 60_000);
    assert.deepEqual(await story.log(second.id), ['triggered', 'resolved']);
    assert.equal((await openedBy('p99 of api')).length, 2);
  });

  it('pages for a group, and resolves it with its last alert, by its PagerDuty notifier', async () => {
    const webhook = await story.done('/v1/webhook', { name: 'PagerDuty', source: 'pagerduty' });
    const alertmanager = await start('pagerduty_configs', webhook);
    const began = secondsAgo(60);
    const alerts = ['db-1', 'db-2'].map((instance) => latencyOf(instance, began));
    await alertmanager.push(alerts);
    const incident = await untilOpened('[FIRING:2] HighLatency (critical)');
    assert.deepEqual([incident.urgency, incident.severity], ['high', 'Critical']);
    assert.match(incident.description, /\n- Client: Alertmanager, http/);

    await alertmanager.push([over(alerts[0]!)]);
    // Alertmanager says what is left of the group, which is a trigger again.
    await poll(async () => (await story.list(`/v1/webhook/${webhook.id}/events`, 'events')).length >= 2, {
      timeoutMs: 60_000,
    });
    await story.untilEvaluated(webhook.id);
    assert.equal((await story.request('GET', `/v1/incident/${incident.id}`)).status, 'triggered');

    await alertmanager.push([over(alerts[1]!)]);
    await story.untilStatus(incident.id, 'resolved', 60_000);
    assert.equal((await openedBy('HighLatency')).length, 1);
  });

  it("follows incident.io's incidents, one that it has not heard of too", async () => {
    const { verification, sign } = testSenders['standard-webhooks']!;
    const { url } = await story.done('/v1/webhook', { name: 'incident.io', source: 'incident.io', verification });
    const samples = samplesOf('incident.io');
    const send = async (title: string) => {
      const body = JSON.stringify(samples[title]);
      const headers = { 'Content-Type': 'application/json', ...sign(body, Math.floor(Date.now() / 1_000)) };
      const answer = await fetch(product.url + new URL(url).pathname, { method: 'POST', headers, body });
      assert.equal(answer.status, 201, await answer.text());
    };
    const name = 'Our database is sad';
    await send('created');
    const first = await untilOpened(name);
    assert.deepEqual([first.status, first.severity], ['triggered', 'Minor']);
    await send('updated while people work on it');
    await story.untilStatus(first.id, 'acknowledged', 60_000);
    await send('the status becomes closed');
    await story.untilStatus(first.id, 'resolved', 60_000);

    await send('updated while people work on it');
    const another = await poll(async () => (await openedBy(name)).find((incident) => incident.id !== first.id), {
      timeoutMs: 60_000,
    });
    await story.untilStatus(another.id, 'acknowledged', 60_000);
    assert.equal(another.severity, 'Critical');
  });

  it('follows the alerts of Grafana, and opens nothing for what is no alert', async () => {
    const { id } = await story.done('/v1/webhook', { name: 'Grafana', source: 'grafana' });
    const samples = samplesOf('grafana');
    await story.event(id, { ...(samples['an alert fires'] as object), version: '0' });
    await story.event(id, samples['an alert fires']);
    const memory = await untilOpened('Memory of us-1 is at 97%');
    assert.deepEqual([memory.urgency, memory.severity], ['medium', 'Minor']);
    await story.event(id, samples['one of two is over']);
    await story.untilStatus(memory.id, 'resolved', 60_000);
    await untilOpened('High CPU usage');
    const events = await story.untilEvaluated(id);
    assert.deepEqual(
      events.map(({ matches }) => matches.map(({ outcome }: Json) => outcome).sort()),
      [['opened', 'resolved'], ['opened'], []],
    );
  });

  it('takes the commands of the guide', async () => {
    const webhook = await story.done('/v1/webhook', { name: 'Backups', source: 'pagerduty' });
    const env = {
      ...{ PATH: process.env.PATH, TOCSIN: product.url, API_KEY: product.adminKey },
      ...{ ROUTING_KEY: webhook.routing_key as string, WEBHOOK_ID: webhook.id as string },
    };
    const [create, trigger, resolve, generic, ...others] = blocksOf('sh');
    assert.deepEqual(others, []);
    const run = (command = '') => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command.replaceAll('curl ', 'curl -sSf ')], {
        encoding: 'utf8',
        env,
      });
      assert.equal(status, 0, `${command}\n${stderr}`);
      return JSON.parse(stdout) as Json;
    };
    assert.equal(run(create).source, 'alertmanager');
    assert.equal(run(trigger).dedup_key, 'backup-1/nightly');
    const { id, severity } = await untilOpened('The nightly backup failed');
    assert.equal(severity, 'Major');
    run(resolve);
    await story.untilStatus(id, 'resolved', 60_000);
    assert.equal(run(generic).message, 'Event received.');
  });

  /** The guide's configuration of that notifier, but with moments instead of minutes to wait. */
  async function start(notifier: string, webhook: Json): Promise<Alertmanager> {
    const configuration = blocksOf('yaml').find((block) => block.includes(notifier)) ?? assert.fail();
    const alertmanager = await startAlertmanager(
      configuration
        .replace('route:\n', 'route:\n  group_wait: 1s\n  group_interval: 1s\n')
        .replace('https://tocsin.example.com', product.url)
        .replace('WEBHOOK_ID', webhook.id as string)
        .replace('ROUTING_KEY', webhook.routing_key as string),
    );
    running.push(alertmanager);
    return alertmanager;
  }

  async function openedBy(part: string): Promise<Json[]> {
    const incidents = await story.list('/v1/organisation/incidents', 'incidents');
    return incidents.filter(({ name }) => name.includes(part));
  }

  function untilOpened(name: string): Promise<Json> {
    const isOpen = async () => (await openedBy(name)).find((incident) => incident.name === name);
    return poll(isOpen, { timeoutMs: 60_000, everyMs: 100, what: `"${name}" is open` });
  }
});

function blocksOf(language: string): string[] {
  return [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, of]) => of === language).map(([, , text]) => text!);
}

function latencyOf(instance: string, startsAt: string): PushedAlert {
  return {
    labels: { alertname: 'HighLatency', instance, severity: 'critical' },
    annotations: {
      summary: `p99 of ${instance} is 2.4 s`,
      description: 'Requests take too long.',
      runbook_url: 'https://runbooks.example.com/latency',
    },
    generatorURL: 'http://prometheus.example.com:9090/graph?g0.expr=latency',
    startsAt,
  };
}

function over(alert: PushedAlert): PushedAlert {
  return { ...alert, endsAt: secondsAgo(0) };
}

function secondsAgo(seconds: number): string {
  return new Date(Date.now() - seconds * 1_000).toISOString();
}
