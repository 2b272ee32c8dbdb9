import assert from 'node:assert/strict';
import { coreStatusOf, statusCategories } from '../../../src/domain/incident/status-category.ts';

describe('the categories of statuses', () => {
  it('stand for our own statuses', () => {
    assert.deepEqual(
      statusCategories.map((category) => [category, coreStatusOf(category)]),
      [
        ['triage', 'triggered'],
        ['live', 'acknowledged'],
        ['paused', 'acknowledged'],
        ['learning', 'resolved'],
        ['closed', 'resolved'],
        ['declined', 'resolved'],
        ['merged', 'resolved'],
        ['canceled', 'resolved'],
      ],
    );
  });
});
