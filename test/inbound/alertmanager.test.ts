import assert from 'node:assert/strict';
import { alertmanager } from '../../src/inbound/alertmanager.ts';
import { samplesOf } from '../support/samples.ts';

const samples = samplesOf('alertmanager');
const group = (...alerts: unknown[]) => alertmanager.read({ version: '4', status: 'firing', alerts });
const actions = (payload: unknown) => alertmanager.read(payload).map(({ action, dedupKey }) => [action, dedupKey]);

describe('inbound alertmanager', () => {
  it('reads each alert of a group', () => {
    const payload = samples['two alerts fire'] as { alerts: unknown[] };
    const [first, second] = alertmanager.read(payload);
    assert.deepEqual(first, {
      action: 'trigger',
      alert: payload.alerts[0],
      dedupKey: '59d7a84a7536c84e',
      labels: { alertname: 'HighLatency', instance: 'api-1:9090', job: 'api', severity: 'critical' },
      opening: {
        name: 'p99 of api-1 is 2.4 s',
        urgency: 'high',
        severity: 'Critical',
        description: [
          'Requests to **api-1** take longer than 2 s.',
          '',
          '- Runbook: https://runbooks.example.com/high-latency',
          '- Source: http://prometheus.example.com:9090/graph?g0.expr=latency',
          '- Alertmanager: http://alertmanager.example.com:9093/',
          '',
          '- alertname: HighLatency',
          '- instance: api-1:9090',
          '- job: api',
          '- severity: critical',
        ].join('\n'),
      },
    });
    assert.deepEqual([second?.dedupKey, second?.opening?.name], ['cb3b8f2f761eada7', 'p99 of api-2 is 3.1 s']);
  });

  it('ends what is over, and nothing that is only missing', () => {
    assert.deepEqual(actions(samples['one of two is over']), [
      ['resolve', '59d7a84a7536c84e'],
      ['trigger', 'cb3b8f2f761eada7'],
    ]);
    assert.deepEqual(actions(samples['the last is over']), [['resolve', 'cb3b8f2f761eada7']]);
    assert.deepEqual(actions(samples['truncated, with members of later releases']), [['trigger', '59d7a84a7536c84e']]);
  });

  it('goes by the status of the group where an alert has none', () => {
    const alerts = [{ fingerprint: 'a' }, { fingerprint: 'b', status: 'firing' }];
    assert.deepEqual(actions({ version: '4', status: 'resolved', alerts }), [
      ['resolve', 'a'],
      ['trigger', 'b'],
    ]);
    assert.deepEqual(actions({ version: 4, alerts }), [
      ['trigger', 'a'],
      ['trigger', 'b'],
    ]);
  });

  it('names an alert without fingerprint by its labels, in whatever order', () => {
    const keyOf = (labels: Record<string, unknown>) => group({ labels })[0]!.dedupKey;
    assert.equal(keyOf({ a: '1', b: '2' }), keyOf({ b: '2', a: '1' }));
    assert.notEqual(keyOf({ a: '1', b: '2' }), keyOf({ a: '2', b: '1' }));
    assert.notEqual(keyOf({ a: '1', b: '2' }), keyOf({ a: '1' }));
    assert.match(keyOf({})!, /^[0-9a-f]{64}$/);
  });

  it('names an incident by the summary, else by the alert and its instance', () => {
    const nameOf = (labels: object, annotations: object = {}) => group({ labels, annotations })[0]!.opening!.name;
    assert.equal(nameOf({ alertname: 'Down' }, { summary: 'It is down' }), 'It is down');
    assert.equal(nameOf({ alertname: 'Down', instance: 'a:9100' }, { summary: ' ' }), 'Down (a:9100)');
    assert.equal(nameOf({ alertname: 'Down' }), 'Down');
    assert.equal(nameOf({}), 'Alert');
  });

  it('tells all annotations, and links only into the web', () => {
    const annotations = { message: 'Hello', owner: 'Ann', runbook_url: 'wiki/Down' };
    const [{ opening } = assert.fail()] = group({ labels: {}, annotations, generatorURL: 'javascript:alert(1)' });
    assert.equal(opening!.description, 'Hello\n\n- owner: Ann\n- runbook_url: wiki/Down');
  });

  it('keeps labels in bounds, with those named like parts of JavaScript', () => {
    const labels = JSON.parse(
      `{"__proto__":"own","constructor":"c","empty":"","number":7,"long":"${'x'.repeat(600)}","nested":{}}`,
    ) as unknown;
    const [{ labels: read } = assert.fail()] = group({ labels });
    assert.deepEqual(Object.entries(read), [
      ['__proto__', 'own'],
      ['constructor', 'c'],
      ['number', '7'],
      ['long', 'x'.repeat(512)],
    ]);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`l${index}`, 'v']));
    assert.equal(Object.keys(group({ labels: many })[0]!.labels).length, 64);
  });

  it('leaves out what is no alert, and takes what has none for generic JSON', () => {
    assert.equal(group(null, { fingerprint: 'a' }, 7).length, 1);
    for (const payload of [
      { version: '4', alerts: [null] },
      { version: '3', alerts: [{ fingerprint: 'a' }] },
    ])
      assert.deepEqual(alertmanager.read(payload), [
        { action: 'trigger', alert: payload, dedupKey: null, labels: {}, opening: null },
      ]);
  });
});
