import assert from 'node:assert/strict';
import type { Urgency } from '../../../src/domain/incident/incident.ts';
import { componentStatus, componentStatuses, pageStatus } from '../../../src/domain/status-page/status.ts';

describe('the status of a component', () => {
  it('is that of the highest urgency, in whatever order they come', () => {
    const expected: [Urgency[], string][] = [
      [[], 'operational'],
      [['low'], 'degraded_performance'],
      [['medium'], 'partial_outage'],
      [['high'], 'major_outage'],
      [['low', 'low'], 'degraded_performance'],
      [['low', 'medium'], 'partial_outage'],
      [['high', 'low', 'medium'], 'major_outage'],
      [['low', 'high', 'low'], 'major_outage'],
    ];
    for (const [urgencies, status] of expected) assert.equal(componentStatus(urgencies), status, urgencies.join());
  });
});

describe('the status of a page', () => {
  it('is that of its worst component', () => {
    assert.deepEqual(
      componentStatuses.map((status) => pageStatus(['operational', status, 'operational']).indicator),
      ['none', 'minor', 'major', 'critical'],
    );
    assert.equal(pageStatus(['degraded_performance', 'major_outage', 'partial_outage']).indicator, 'critical');
    assert.deepEqual(pageStatus(['partial_outage', 'degraded_performance']), {
      indicator: 'major',
      description: 'Partial System Outage',
    });
  });

  it('is well without any component', () => {
    assert.deepEqual(pageStatus([]), { indicator: 'none', description: 'All Systems Operational' });
  });
});
