import assert from 'node:assert/strict';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import { runThrough } from '../../../src/domain/ruleset/evaluate.ts';
import { mostOffers, offer } from '../../../src/domain/ruleset/offer.ts';
import type { FiringRuleset } from '../../../src/domain/ruleset/ruleset.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';
import { subjectOf } from '../../support/subject.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';

function firing(name: string, urgency = 'high'): FiringRuleset {
  return {
    ...rulesetDraft({ teamId, name, assignees: [{ type: 'team', id: teamId }] }),
    ...{ id: name, organisationId: teamId, number: 1, version: 1, createdAt: '2026-11-21T05:10:00.000Z' },
    conditions: [{ type: 'json-check', key: 'urgency', operator: 'equal', values: [urgency] }],
    actions: [{ definitionId: name, type: 'trigger-alerts', subscriptionId: null }],
  };
}

const offered = (rulesets: FiringRuleset[]) =>
  runThrough(
    offer(
      rulesets.map((ruleset) => compileRuleset(ruleset)),
      subjectOf({ urgency: 'high' }),
    ),
  );

describe('offer', () => {
  it('adds what the rulesets that hold have, in their order, and names nobody twice', () => {
    const found = offered([firing('a'), firing('b', 'low'), firing('c')]);
    assert.deepEqual(found, {
      rulesets: [
        { id: 'a', name: 'a' },
        { id: 'c', name: 'c' },
      ],
      actions: ['a', 'c'].map((definitionId) => ({ definitionId, type: 'trigger-alerts', subscriptionId: null })),
      assignees: [{ type: 'team', id: teamId }],
    });
  });

  it('ends before an incident starts with more than its workflow takes', () => {
    const many = Array.from({ length: mostOffers + 5 }, (_, index) => firing(`ruleset ${index}`));
    const { rulesets, actions } = offered([firing('another', 'low'), ...many]);
    assert.deepEqual([rulesets.length, actions.length], [mostOffers, mostOffers]);
    assert.equal(rulesets.at(-1)?.id, `ruleset ${mostOffers - 1}`);
  });
});
