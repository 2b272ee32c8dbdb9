import assert from 'node:assert/strict';
import fc from 'fast-check';
import { missing } from '../../../src/domain/json/path.ts';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import type { Subject } from '../../../src/domain/ruleset/condition.ts';
import { decide, explain, longestFound, runThrough, type Verdict } from '../../../src/domain/ruleset/evaluate.ts';
import type { Condition, RuleType } from '../../../src/domain/ruleset/ruleset.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';
import { subjectOf } from '../../support/subject.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';

function compiled(conditions: Condition[], ruleType: RuleType = 'webhook') {
  return compileRuleset(rulesetDraft({ teamId, conditions, ruleType }));
}

function verdictOf(conditions: Condition[], subject: Subject, ruleType: RuleType = 'webhook'): Verdict {
  const ruleset = compiled(conditions, ruleType);
  const verdict = runThrough(decide(ruleset, subject));
  assert.equal(runThrough(explain(ruleset, subject)).verdict, verdict, 'both ways agree');
  return verdict;
}

const matches = (conditions: Condition[], payload: unknown) => verdictOf(conditions, subjectOf(payload)) === 'holds';

const check = (key: string, operator: string, ...values: string[]): Condition => ({
  type: 'json-check',
  key,
  operator,
  values,
});
const tag = (key: string, operator: string, ...values: string[]) => ({
  ...check(key, operator, ...values),
  type: 'tag-check',
});
const text = (operator: string, ...values: string[]) => ({ ...check('', operator, ...values), type: 'text-check' });

describe('explain', () => {
  it('says of each condition whether it holds, whether its path led anywhere, and what was there', () => {
    const ruleset = compiled([
      check('products[0].count', 'equal', '10'),
      check('/products/0/name', 'starts-with', 'x'),
      check('products[7].count', 'not-equal', '10'),
      check('products[0]', 'exists'),
      check('none', 'exists'),
      tag('env', 'equal', 'prod'),
      text('contains', 'count'),
    ]);
    const payload = { products: [{ count: 10, name: 'abc' }], none: null };
    const { verdict, conditions } = runThrough(explain(ruleset, subjectOf(payload, { tags: ['env:eu', 'env:prod'] })));
    assert.equal(verdict, 'fails');
    assert.deepEqual(conditions, [
      { holds: true, missing: false, found: '10' },
      { holds: false, missing: false, found: 'abc' },
      { holds: false, missing: true, found: null },
      { holds: true, missing: false, found: '{"count":10,"name":"abc"}' },
      { holds: true, missing: false, found: 'null' },
      { holds: true, missing: false, found: '["eu","prod"]' },
      { holds: true, missing: false, found: JSON.stringify(payload) },
    ]);
  });

  it('cuts what was found', () => {
    const payload = { long: `${'x'.repeat(longestFound - 1)}😀`, list: Array.from({ length: 10_000 }, () => 1) };
    const ruleset = compiled([check('long', 'exists'), check('list', 'exists')]);
    const found = runThrough(explain(ruleset, subjectOf(payload))).conditions.map((outcome) => outcome.found);
    assert.deepEqual(found, ['x'.repeat(longestFound - 1), JSON.stringify(payload.list).slice(0, longestFound)]);
  });
});

describe('decide', () => {
  it('needs all conditions, and none to match everything', () => {
    for (const payload of [null, 5, 'text', [], {}, missing]) assert.equal(matches([], payload), true);
    const both = [check('a', 'equal', '1'), check('b', 'exists')];
    assert.equal(matches(both, { a: 1, b: null }), true);
    assert.equal(matches(both, { a: 1 }), false);
    assert.equal(matches(both, { a: 2, b: null }), false);
  });

  it('finds nothing in a body that is not JSON, while its text, tags and metadata can be looked at', () => {
    const subject = subjectOf(missing, { body: 'disk full', tags: ['prod'] });
    assert.equal(verdictOf([check('a', 'exists')], subject), 'fails');
    assert.equal(verdictOf([check('a', 'not-equal', '1')], subject), 'fails');
    assert.equal(verdictOf([check('a', 'not-exists')], subject), 'holds');
    assert.equal(verdictOf([text('contains', 'full'), tag('prod', 'exists')], subject), 'holds');
  });

  describe('for a state-change', () => {
    const up = check('status', 'equal', 'down');
    const prod = tag('env', 'equal', 'prod');
    const inProd = { tags: ['env:prod'] };

    /** [conditions, subject, verdict] */
    const table: [string, Condition[], Subject, Verdict][] = [
      ['its condition holds', [up], subjectOf({ status: 'down' }), 'holds'],
      ['its condition is false', [up], subjectOf({ status: 'up' }), 'fails'],
      ['its path is missing', [up], subjectOf({ state: 'up' }), 'no_evidence'],
      ['its value is null', [up], subjectOf({ status: null }), 'fails'],
      ['another path is missing', [up, check('b', 'equal', '1')], subjectOf({ status: 'up' }), 'no_evidence'],
      ['a negated path is missing', [check('status', 'not-equal', 'up')], subjectOf({}), 'no_evidence'],
      ['exists is false', [check('error', 'exists')], subjectOf({ ok: 1 }), 'fails'],
      ['not-exists is false', [check('ok', 'not-exists')], subjectOf({ ok: 1 }), 'fails'],
      ['the body is not JSON', [check('error', 'exists')], subjectOf(missing, { body: '<' }), 'no_evidence'],
      ['the body is not JSON (not-exists)', [check('ok', 'not-exists')], subjectOf(missing), 'no_evidence'],
      ['the text says so', [text('contains', 'down')], subjectOf(missing, { body: 'it is down' }), 'holds'],
      ['the text says otherwise', [text('contains', 'down')], subjectOf(missing, { body: 'it is up' }), 'fails'],
      ['a tag does not select it', [up, prod], subjectOf({ status: 'up' }), 'no_evidence'],
      ['a tag does not select it (holding)', [up, prod], subjectOf({ status: 'down' }), 'no_evidence'],
      ['a tag selects it', [up, prod], subjectOf({ status: 'up' }, inProd), 'fails'],
      ['a tag selects it (holding)', [prod, up], subjectOf({ status: 'down' }, inProd), 'holds'],
      [
        'its metadata does not select it',
        [{ type: 'metadata-check', key: 'ip', operator: 'equal', values: ['192.0.2.8'] }, up],
        subjectOf({ status: 'up' }),
        'no_evidence',
      ],
    ];
    for (const [when, conditions, subject, verdict] of table)
      it(`answers ${verdict} when ${when}`, () => {
        assert.equal(verdictOf(conditions, subject, 'state-change'), verdict);
        // A ruleset of type webhook has the same idea of what holds.
        assert.equal(verdictOf(conditions, subject) === 'holds', holdsAll(conditions, subject));
      });

    function holdsAll(conditions: Condition[], subject: Subject): boolean {
      return runThrough(explain(compiled(conditions), subject)).conditions.every(({ holds }) => holds);
    }
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
        type: fc.constantFrom('json-check', 'json-check', 'tag-check'),
        key: names,
        operator: fc.constantFrom('equal', 'not-equal', 'exists', 'not-exists'),
        values: fc.array(fc.constantFrom('0', '1', 'true', 'null', ''), { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 3 },
    );
    const tags = fc.array(fc.tuple(names, fc.constantFrom('0', '1', 'true')), { maxLength: 3 });
    fc.assert(
      fc.property(
        conditions,
        fc.uniqueArray(fc.tuple(names, scalar), { selector: ([name]) => name }),
        tags,
        fc.constantFrom('webhook' as const, 'state-change' as const),
        (given, members, tagged, ruleType) => {
          const body = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
          const valuesOf = ({ type, key }: Condition) =>
            (type === 'json-check' ? members : tagged).flatMap(([name, value]) =>
              name === key ? [String(value)] : [],
            );
          const passes = (condition: Condition) => {
            const found = valuesOf(condition);
            if (condition.operator === 'exists') return found.length > 0;
            if (condition.operator === 'not-exists') return found.length === 0;
            const among = (value: string) => condition.values.includes(value);
            if (found.length === 0) return false;
            return condition.operator === 'equal' ? found.some(among) : !found.some(among);
          };
          const silent = given.some((condition) =>
            condition.type === 'tag-check'
              ? !passes(condition)
              : condition.operator.endsWith('equal') && valuesOf(condition).length === 0,
          );
          const expected =
            ruleType === 'state-change' && silent ? 'no_evidence' : given.every(passes) ? 'holds' : 'fails';
          const subject = subjectOf(JSON.parse(body), { tags: tagged.map(([name, value]) => `${name}:${value}`) });
          assert.equal(verdictOf(given, subject, ruleType), expected, body);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('runs a thousand rulesets of a hundred conditions over an event in a moment', () => {
    const conditions = Array.from({ length: 100 }, (_, index) => check(`a.list[${index}].value`, 'equal', `${index}`));
    const rulesets = (['webhook', 'state-change'] as const).flatMap((ruleType) =>
      Array.from({ length: 500 }, () => compiled(conditions, ruleType)),
    );
    const subject = subjectOf({ a: { list: Array.from({ length: 100 }, (_, value) => ({ value })) } });
    const began = performance.now();
    for (const ruleset of rulesets) assert.equal(runThrough(decide(ruleset, subject)), 'holds');
    assert.ok(performance.now() - began < 10_000);
  });
});
