import assert from 'node:assert/strict';
import { severityOf } from '../../src/inbound/severity.ts';

describe('severityOf', () => {
  it('knows the words of senders', () => {
    for (const [word, urgency, severity] of [
      ['critical', 'high', 'Critical'],
      ['Error', 'high', 'Major'],
      ['Major', 'high', 'Major'],
      ['warning', 'medium', 'Minor'],
      ['minor', 'medium', 'Minor'],
      ['INFO', 'low', 'Minor'],
      ['none', 'low', 'Minor'],
    ] as const)
      assert.deepEqual(severityOf(word), { urgency, severity }, word);
  });

  it('keeps what it does not know, and ranks', () => {
    assert.deepEqual(severityOf('page'), { urgency: 'high', severity: 'page' });
    assert.deepEqual(severityOf('SEV-1'), { urgency: 'high', severity: 'SEV-1' });
    assert.deepEqual(severityOf('P3'), { urgency: 'medium', severity: 'P3' });
    assert.deepEqual(severityOf('p5'), { urgency: 'low', severity: 'p5' });
    assert.deepEqual(severityOf('P6'), { urgency: 'high', severity: 'P6' });
    assert.deepEqual(severityOf('toString'), { urgency: 'high', severity: 'toString' });
    assert.equal(severityOf(`\0${'x'.repeat(100)}`).severity, `\uFFFD${'x'.repeat(63)}`);
  });

  it('lets what says nothing of itself ring', () => {
    assert.deepEqual(severityOf(null), { urgency: 'high', severity: null });
  });
});
