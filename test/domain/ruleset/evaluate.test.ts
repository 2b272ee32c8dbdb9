import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import { evaluate } from '../../../src/domain/ruleset/evaluate.ts';
import type { Condition } from '../../../src/domain/ruleset/ruleset.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';

const id = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';

function compiled(conditions: Condition[]) {
  const createdAt = '2026-11-21T05:09:43.120Z';
  return compileRuleset({
    ...rulesetDraft({ teamId: id, conditions }),
    id,
    organisationId: id,
    number: 1,
    version: 1,
    createdAt,
  });
}

function matches(conditions: Condition[], payload: unknown): boolean {
  return evaluate(compiled(conditions), { payload, alert: payload }).matched;
}

const check = (key: string, operator: string, ...values: string[]): Condition => ({
  type: 'json-check',
  key,
  operator,
  values,
});

describe('evaluate', () => {
  it('says of each condition whether it holds and whether its path led anywhere', () => {
    const ruleset = compiled([
      check('products[0].count', 'equal', '10'),
      check('/products/0/name', 'starts-with', 'x'),
      check('products[7].count', 'not-equal', '10'),
    ]);
    const payload = { products: [{ count: 10, name: 'abc' }] };
    assert.deepEqual(evaluate(ruleset, { payload, alert: payload }), {
      matched: false,
      conditions: [
        { holds: true, missing: false },
        { holds: false, missing: false },
        { holds: false, missing: true },
      ],
    });
  });

  it('needs all conditions, and none to match everything', () => {
    for (const payload of [null, 5, 'text', [], {}]) assert.equal(matches([], payload), true);
    const both = [check('a', 'equal', '1'), check('b', 'exists')];
    assert.equal(matches(both, { a: 1, b: null }), true);
    assert.equal(matches(both, { a: 1 }), false);
    assert.equal(matches(both, { a: 2, b: null }), false);
  });

  it('agrees with a naive reading of flat payloads', () => {
    const names = fc.constantFrom('a', 'b', '__proto__', 'toString');
    const scalar = fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('', '1', 'true', 'null'),
    );
    const conditions = fc.array(
      fc.record({
        type: fc.constant('json-check'),
        key: names,
        operator: fc.constantFrom('equal', 'not-equal', 'exists', 'not-exists'),
        values: fc.array(fc.constantFrom('0', '1', 'true', 'null', ''), { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(
        conditions,
        fc.uniqueArray(fc.tuple(names, scalar), { selector: ([name]) => name }),
        (given, members) => {
          const text = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
          const values = new Map(members);
          const expected = given.every(({ key, operator, values: wanted }) => {
            if (operator === 'exists') return values.has(key);
            if (operator === 'not-exists') return !values.has(key);
            return (
              values.has(key) && wanted.some((value) => value === String(values.get(key))) === (operator === 'equal')
            );
          });
          assert.equal(matches(given, JSON.parse(text)), expected, text);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('runs a thousand rulesets of a hundred conditions over an event in a moment', () => {
    const conditions = Array.from({ length: 100 }, (_, index) => check(`a.list[${index}].value`, 'equal', `${index}`));
    const rulesets = Array.from({ length: 1_000 }, () => compiled(conditions));
    const payload = { a: { list: Array.from({ length: 100 }, (_, value) => ({ value })) } };
    const began = performance.now();
    for (const ruleset of rulesets) assert.equal(evaluate(ruleset, { payload, alert: payload }).matched, true);
    assert.ok(performance.now() - began < 2_000);
  });
});
