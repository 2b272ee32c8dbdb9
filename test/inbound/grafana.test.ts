import assert from 'node:assert/strict';
import { grafana } from '../../src/inbound/grafana.ts';
import { samplesOf } from '../support/samples.ts';

const samples = samplesOf('grafana');
const read = (title: string) => grafana.read(samples[title]);

describe('inbound grafana', () => {
  it('reads an alert with its values and links', () => {
    const [{ alert, ...occurrence } = assert.fail(), ...others] = read('an alert fires');
    assert.deepEqual(others, []);
    assert.deepEqual([alert], (samples['an alert fires'] as { alerts: unknown[] }).alerts);
    const silence = 'https://grafana.example.com/alerting/silence/new?alertmanager=grafana';
    assert.deepEqual(occurrence, {
      action: 'trigger',
      dedupKey: 'c6eadffa33fcdf37',
      labels: {
        alertname: 'High memory usage',
        grafana_folder: 'Shop',
        team: 'blue',
        zone: 'us-1',
        severity: 'warning',
      },
      opening: {
        name: 'Memory of us-1 is at 97%',
        urgency: 'medium',
        severity: 'Minor',
        description: [
          'The system has high memory usage.',
          '',
          '- B: 44.23943737541908',
          '- C: 1',
          '',
          '- Runbook: https://runbooks.example.com/memory',
          '- Panel: https://grafana.example.com/d/shop?orgId=1&viewPanel=14',
          '- Dashboard: https://grafana.example.com/d/shop?orgId=1',
          '- Rule: https://grafana.example.com/alerting/grafana/1afz29v7z/view?orgId=1',
          `- Silence: ${silence}&matcher=alertname%3DHigh+memory+usage&orgId=1`,
          '- Image: https://grafana.example.com/render/1.png',
          '',
          '- alertname: High memory usage',
          '- grafana_folder: Shop',
          '- team: blue',
          '- zone: us-1',
          '- severity: warning',
        ].join('\n'),
      },
    });
  });

  it('ends what is over, and shows the values as text where there are no others', () => {
    const [over, firing] = read('one of two is over');
    assert.deepEqual([over?.action, over?.dedupKey, over?.opening], ['resolve', 'c6eadffa33fcdf37', null]);
    assert.deepEqual([firing?.action, firing?.dedupKey], ['trigger', 'bc97ff14869b13e3']);
    assert.match(firing!.opening!.description, /^\[ var='B' labels=\{zone=us-1\} value=44/);
  });

  it('names the rule that had nothing to evaluate, since its summary tells of something else', () => {
    const [noData] = read('a rule has no data');
    assert.equal(noData?.opening?.name, 'No data: High memory usage');
    assert.match(noData.opening.description, /^Memory of us-1 is at 97%\n\nThe system has high memory usage\.\n/);
    const [failed] = read('a rule cannot be evaluated');
    assert.equal(failed?.opening?.name, 'Evaluation failed: High memory usage');
    assert.match(failed.opening.description, /\n- Error: failed to execute query \[A\]/);
  });

  it('leaves out what is internal to Grafana', () => {
    const annotations = { __dashboardUid__: 'abc', owner: 'Ann' };
    const [{ opening } = assert.fail()] = grafana.read({ version: '1', alerts: [{ annotations }] });
    assert.equal(opening!.description, '- owner: Ann');
  });

  it('takes a custom payload for generic JSON', () => {
    const payload = { text: 'Memory is high', alerts: [{ status: 'firing' }] };
    assert.deepEqual(grafana.read(payload), [
      { action: 'trigger', alert: payload, dedupKey: null, labels: {}, opening: null },
    ]);
  });
});
