import assert from 'node:assert/strict';
import { urgencyOfSeverity } from '../../../src/domain/incident/urgency-of-severity.ts';

describe('the urgency of a severity', () => {
  const of = (ranks: number[]) => ranks.map((rank) => urgencyOfSeverity(rank, ranks)).join(' ');

  it('is that of its third', () => {
    assert.equal(of([1, 2, 3]), 'low medium high');
    assert.equal(of([10, 20, 30, 40, 50, 60]), 'low low medium medium high high');
    assert.equal(of([1, 2]), 'medium high');
    assert.equal(of([1]), 'high');
    assert.equal(of([5, 5, 5]), 'high high high');
  });

  it('is high of what nobody has judged', () => {
    assert.equal(urgencyOfSeverity(null, [1, 2, 3]), 'high');
  });
});
