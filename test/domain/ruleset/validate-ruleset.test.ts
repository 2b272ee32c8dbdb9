import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import { operators } from '../../../src/domain/ruleset/operators.ts';
import type { Condition, RulesetDraft } from '../../../src/domain/ruleset/ruleset.ts';
import { validateRuleset } from '../../../src/domain/ruleset/validate-ruleset.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';
const draft = (given: object = {}): RulesetDraft => rulesetDraft({ teamId, ...given });
const condition = (given: Partial<Condition> = {}): Condition => ({
  type: 'json-check',
  key: 'products[0].count',
  operator: 'equal',
  values: ['10'],
  ...given,
});
const errorsOf = (given: Partial<Condition>) => validateRuleset(draft({ conditions: [condition(given)] }));

describe('validateRuleset', () => {
  it('accepts what the guide shows', () => {
    assert.deepEqual(validateRuleset(draft({ conditions: [condition()] })), []);
    for (const [operator, { values }] of operators)
      assert.deepEqual(errorsOf({ operator, values: values === 'none' ? [] : ['10', '20'] }), [], operator);
    assert.deepEqual(validateRuleset(draft({ acknowledgementTimeout: null, autoResolveTimeout: null })), []);
    assert.deepEqual(errorsOf({ values: [''] }), []);
  });

  it('names every faulty field at once', () => {
    const errors = validateRuleset(
      draft({
        ruleType: 'state-change',
        level: 'planet',
        name: ' ',
        description: 'a\0',
        urgency: 'extreme',
        acknowledgementTimeout: 0,
        autoResolveTimeout: 1.5,
        assignees: [
          { type: 'robot', id: '1' },
          { type: 'team', id: '2' },
          { type: 'team', id: '2' },
        ],
        conditions: [
          condition({ type: 'vibe-check', operator: 'resembles', key: 'a[' }),
          condition(),
          condition({ operator: 'exists' }),
          condition({ operator: 'greater-than', values: ['1', 'many'] }),
          condition({ operator: 'matches', values: ['('] }),
        ],
      }),
    );
    assert.deepEqual(
      errors.map(({ field }) => field),
      [
        'rule_type',
        'level',
        'name',
        'description',
        'urgency',
        'acknowledgement_timeout',
        'auto_resolve_timeout',
        'assignees[0].type',
        'assignees[2]',
        'conditions[0].type',
        'conditions[0].key',
        'conditions[0].operator',
        'conditions[2].values',
        'conditions[3].values[1]',
        'conditions[4].values[0]',
      ],
    );
    assert.match(errors[0]!.message, /not available yet/);
    assert.match(errors.at(-1)!.message, /RE2 syntax: .*missing closing \)/);
  });

  it('refuses what RE2 cannot do, with its reason', () => {
    for (const pattern of ['(?<=a)b', '(?=a)', '(a)\\1', '[', 'a{1001}', '(a{1000}){1000}', '*', '', '\ud800']) {
      const [error] = errorsOf({ operator: 'matches', values: [pattern] });
      assert.equal(error?.field, 'conditions[0].values[0]', pattern);
    }
  });

  it('bounds everything', () => {
    const bounds: [object, string][] = [
      [{ name: 'x'.repeat(256) }, 'name'],
      [{ description: 'x'.repeat(15_001) }, 'description'],
      [{ conditions: Array.from({ length: 101 }, () => condition()) }, 'conditions'],
      [{ conditions: [condition({ values: Array.from({ length: 101 }, String) })] }, 'conditions[0].values'],
      [{ conditions: [condition({ values: [] })] }, 'conditions[0].values'],
      [{ conditions: [condition({ values: ['x'.repeat(1_025)] })] }, 'conditions[0].values[0]'],
      [{ conditions: [condition({ operator: 'matches', values: ['x'.repeat(1_025)] })] }, 'conditions[0].values[0]'],
      [{ conditions: [condition({ operator: 'contains', values: [''] })] }, 'conditions[0].values[0]'],
      [{ conditions: [condition({ operator: 'not-exists', values: [''] })] }, 'conditions[0].values'],
      [{ assignees: Array.from({ length: 51 }, (_, id) => ({ type: 'team', id: `${id}` })) }, 'assignees'],
      [{ acknowledgementTimeout: 31_536_001 }, 'acknowledgement_timeout'],
      [{ autoResolveTimeout: -1 }, 'auto_resolve_timeout'],
    ];
    for (const [given, field] of bounds)
      assert.deepEqual(
        validateRuleset(draft(given)).map((error) => error.field),
        [field],
      );
  });

  it('refuses patterns that are too large together, without compiling them all', () => {
    const conditions = Array.from({ length: 100 }, () =>
      condition({ operator: 'matches', values: Array.from({ length: 100 }, () => 'a{1000}'.repeat(100)) }),
    );
    const began = performance.now();
    assert.deepEqual(
      validateRuleset(draft({ conditions })).map(({ field }) => field),
      ['conditions'],
    );
    assert.ok(performance.now() - began < 2_000);
  });

  it('lets nothing through that cannot be compiled', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('10', '(', '[a-z]+', '__proto__', 'constructor'),
    );
    const anyCondition = fc.record({
      type: fc.oneof(fc.constant('json-check'), text),
      key: fc.oneof(fc.constantFrom('a', 'a[0]', '/a/b'), text),
      operator: fc.oneof(fc.constantFrom(...operators.keys()), text),
      values: fc.array(text, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(anyCondition, (given) => {
        const valid = validateRuleset(draft({ conditions: [given] })).length === 0;
        const compile = () =>
          compileRuleset({
            ...draft({ conditions: [given] }),
            id: teamId,
            organisationId: teamId,
            number: 1,
            version: 1,
            createdAt: '2026-11-21T05:09:43.120Z',
          });
        if (valid) compile();
      }),
      { numRuns: 1_000 },
    );
  });
});
