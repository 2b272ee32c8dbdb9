import assert from 'node:assert/strict';
import { pagerduty } from '../../src/inbound/pagerduty.ts';
import { samplesOf } from '../support/samples.ts';

const samples = samplesOf('pagerduty');
const read = (title: string) => pagerduty.read(samples[title])[0]!;
const trigger = (payload: Record<string, unknown>, event: Record<string, unknown> = {}) =>
  pagerduty.read({ event_action: 'trigger', dedup_key: 'k', payload: { summary: 'Down', ...payload }, ...event })[0]!;

describe('inbound pagerduty', () => {
  it('reads a trigger', () => {
    const { alert, ...occurrence } = read('trigger');
    assert.deepEqual(alert, (samples.trigger as { payload: unknown }).payload);
    assert.deepEqual(occurrence, {
      action: 'trigger',
      dedupKey: 'samplekeyhere',
      labels: {
        severity: 'critical',
        source: 'prod-datapipe03.example.com',
        component: 'mysql',
        group: 'prod-datapipe',
        class: 'disk',
        'free space': '1%',
        'ping time': '1500ms',
        'load avg': '0.75',
      },
      opening: {
        name: 'DISK at 99% on machine prod-datapipe03.example.com',
        urgency: 'high',
        severity: 'Critical',
        description: [
          '- Source: prod-datapipe03.example.com',
          '- Component: mysql',
          '- Group: prod-datapipe',
          '- Class: disk',
          '- Time: 2026-11-21T08:42:58.315+0000',
          '',
          '- Runbook: https://runbooks.example.com/disk',
          '- Link: https://status.example.com/',
          '- Disk: https://monitoring.example.com/graph',
          '- Image: https://monitoring.example.com/other.png',
          '- Client: Sample Monitoring Service, https://monitoring.example.com/',
          '',
          '- free space: 1%',
          '- ping time: 1500ms',
          '- load avg: 0.75',
          '- mounts:',
          '  - 1: /data',
          '  - 2: /var',
          '- owner:',
          '  - team: data',
          '  - on_call: true',
        ].join('\n'),
      },
    });
  });

  it('reads the actions that only name the problem', () => {
    for (const action of ['acknowledge', 'resolve'])
      assert.deepEqual(pagerduty.read(samples[action]), [
        { action, alert: {}, dedupKey: 'samplekeyhere', labels: {}, opening: null },
      ]);
  });

  it('has no name for a problem that the sender gave none', () => {
    const { dedupKey, opening } = read('trigger without a key');
    assert.equal(dedupKey, null);
    assert.equal(opening?.name, 'The nightly backup failed');
    assert.equal(trigger({}, { dedup_key: '' }).dedupKey, null);
    assert.equal(trigger({}, { dedup_key: 7 }).dedupKey, '7');
  });

  it('shows what Alertmanager of either kind tells in its details, and resolves by the same name', () => {
    const { opening: old } = read('trigger of Alertmanager 0.28');
    assert.match(old!.description, /\n- firing: Labels:\n {3}- alertname = HighLatency\n {3}- instance = api-1:9090\n/);
    const { opening, dedupKey } = read('trigger of Alertmanager 0.31');
    assert.equal(opening?.name, '[FIRING:2] HighLatency (api critical)');
    assert.match(opening.description, /\n- firing:\n {2}- 1:\n {4}- annotations:\n {6}- description: Requests to /);
    assert.match(opening.description, /\n- num_firing: 2\n/);
    const resolve = read('resolve of Alertmanager 0.31');
    assert.deepEqual([resolve.action, resolve.dedupKey, resolve.opening], ['resolve', dedupKey, null]);
  });

  it('keeps long keys apart', () => {
    const keyOf = (key: string) => trigger({}, { dedup_key: key }).dedupKey!;
    assert.equal(keyOf('k'.repeat(255)), 'k'.repeat(255));
    assert.equal(keyOf('k'.repeat(300)).length, 255);
    assert.notEqual(keyOf(`${'k'.repeat(300)}a`), keyOf(`${'k'.repeat(300)}b`));
  });

  it('tells the whole of a summary that is too long for a name', () => {
    const summary = 'The disk is full. '.repeat(50).trim();
    const { name, description } = trigger({ summary }).opening!;
    assert.equal(name.length, 255);
    assert.equal(name, `${summary.slice(0, 254)}…`);
    assert.ok(description.startsWith(summary));
    assert.equal(trigger({ summary: ' Two\n lines\0 ' }).opening?.name, 'Two lines\uFFFD');
  });

  it('reads what its event has to say in a shape of its own', () => {
    assert.match(trigger({ custom_details: 'Ask Ann.' }).opening!.description, /^Ask Ann\.$/);
    const labels = trigger({ custom_details: { severity: 'x', long: 'y'.repeat(256), nested: {} }, severity: 'info' });
    assert.deepEqual(labels.labels, { severity: 'info' });
  });

  it('takes what is no alert event for generic JSON', () => {
    const change = { routing_key: 'r', payload: { summary: 'Deployed', source: 'ci' }, links: [] };
    for (const event of [change, { event_action: 'trigger', payload: {} }, { event_action: 'page', dedup_key: 'k' }])
      assert.deepEqual(pagerduty.read(event), [
        { action: 'trigger', alert: event, dedupKey: null, labels: {}, opening: null },
      ]);
  });
});
