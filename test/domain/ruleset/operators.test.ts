import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson } from '../../../src/domain/json/parse-json.ts';
import { longestSearched, operators } from '../../../src/domain/ruleset/operators.ts';

function holds(operator: string, found: unknown, ...values: string[]): boolean {
  return operators.get(operator)!.compile(values)(found);
}

const missing = undefined;
const big = (text: string) => {
  const parsed = parseJson(Buffer.from(text));
  assert.ok('value' in parsed);
  return parsed.value;
};

describe('operators', () => {
  /** [found, value, equal?] */
  const pairs: [unknown, string, boolean][] = [
    [10, '10', true],
    [10, '10.0', true],
    [10, '1e1', true],
    ['10', '10', true],
    ['10', '10.0', false],
    [10, ' 10', false],
    [10, '', false],
    [0, '', false],
    [0, '-0', true],
    [0.1, '0.1', true],
    [true, 'true', true],
    ['true', 'true', true],
    [true, 'True', false],
    [true, '1', false],
    [1, 'true', false],
    [null, 'null', true],
    ['null', 'null', true],
    [null, '', false],
    [null, '0', false],
    ['', '', true],
    ['', 'null', false],
    ['a', 'A', false],
    ['a', 'a ', false],
    ['é', 'e\u0301', false],
    [[], '', false],
    [['a'], 'a', false],
    [{}, '{}', false],
    [{}, '[object Object]', false],
    [big('12345678901234567890'), '12345678901234567890', true],
    [big('12345678901234567890'), '12345678901234567891', false],
    [big('1e400'), '1e400', true],
    [big('1e400'), '1e401', false],
    [1e21, '1000000000000000000000', true],
  ];

  it('compare for equality by the kind of the value found', () => {
    for (const [found, value, equal] of pairs) {
      assert.equal(holds('equal', found, value), equal, `${String(found)} equal ${value}`);
      assert.equal(holds('not-equal', found, value), !equal, `${String(found)} not-equal ${value}`);
      // Any of several; none of several.
      assert.equal(holds('equal', found, 'another', value), equal);
      assert.equal(holds('not-equal', found, 'another', value), !equal);
    }
  });

  it('find no evidence in a path that leads nowhere', () => {
    for (const [name, operator] of operators) {
      const values = operator.values === 'none' ? [] : [operator.values === 'number' ? '1' : 'undefined'];
      assert.equal(operator.compile(values)(missing), name === 'not-exists', name);
    }
  });

  it('tell null, the empty text and nothing apart', () => {
    for (const found of [null, '', 0, false, [], {}]) {
      assert.equal(holds('exists', found), true);
      assert.equal(holds('not-exists', found), false);
    }
  });

  it('look into texts, and at the elements of lists', () => {
    assert.equal(holds('contains', 'checkout is down', 'pay', 'down'), true);
    assert.equal(holds('contains', 'checkout is down', 'Down'), false);
    assert.equal(holds('contains', ['prod', 'eu'], 'eu'), true);
    assert.equal(holds('contains', ['prod-eu'], 'eu'), false);
    assert.equal(holds('contains', [1, 10], '10'), true);
    assert.equal(holds('contains', [null], 'null'), true);
    assert.equal(holds('contains', 503, '50'), true);
    assert.equal(holds('contains', { eu: 1 }, 'eu'), false);
    assert.equal(holds('contains', null, 'null'), false);
    assert.equal(holds('not-contains', ['prod', 'eu'], 'eu', 'us'), false);
    assert.equal(holds('not-contains', ['prod'], 'eu', 'us'), true);
    assert.equal(holds('not-contains', null, 'eu'), true);
    assert.equal(holds('starts-with', 503, '5'), true);
    assert.equal(holds('starts-with', 'warn: disk', 'error', 'warn'), true);
    assert.equal(holds('starts-with', ['warn'], 'warn'), false);
    assert.equal(holds('ends-with', 'disk.full', '.full'), true);
    assert.equal(holds('ends-with', true, 'ue'), true);
    assert.equal(holds('ends-with', null, 'null'), false);
  });

  it('order numbers, written as numbers or as text', () => {
    for (const found of [10, '10', '1e1', big('10.00000000000000000000')]) {
      assert.equal(holds('greater-than', found, '9'), true);
      assert.equal(holds('greater-than', found, '10'), false);
      assert.equal(holds('greater-than-or-equal', found, '10'), true);
      assert.equal(holds('less-than', found, '10'), false);
      assert.equal(holds('less-than', found, '100', '1'), true, 'any of several');
      assert.equal(holds('less-than-or-equal', found, '10.0'), true);
    }
    for (const found of ['', 'ten', ' 10', true, null, [], [10], {}, '0x10'])
      for (const operator of ['greater-than', 'greater-than-or-equal', 'less-than', 'less-than-or-equal'])
        assert.equal(holds(operator, found, '0'), false, `${JSON.stringify(found)} ${operator}`);
    assert.equal(holds('greater-than', big('9007199254740993'), '9007199254740992'), true);
    assert.equal(holds('less-than', big('9007199254740993'), '9007199254740993'), false);
  });

  it('order like doubles do', () => {
    const order: [string, (a: number, b: number) => boolean][] = [
      ['equal', (a, b) => a === b],
      ['not-equal', (a, b) => a !== b],
      ['greater-than', (a, b) => a > b],
      ['greater-than-or-equal', (a, b) => a >= b],
      ['less-than', (a, b) => a < b],
      ['less-than-or-equal', (a, b) => a <= b],
    ];
    const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(number, number, (a, b) => {
        for (const [name, oracle] of order)
          assert.equal(holds(name, a, JSON.stringify(b)), oracle(a, b), `${a} ${name} ${b}`);
      }),
    );
  });

  it('search like the naive way does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 6 });
    fc.assert(
      fc.property(
        text,
        fc.array(
          text.filter((value) => value !== ''),
          { minLength: 1, maxLength: 3 },
        ),
        (found, values) => {
          assert.equal(holds('equal', found, ...values), values.includes(found));
          assert.equal(
            holds('contains', found, ...values),
            values.some((value) => found.split(value).length > 1),
          );
          assert.equal(
            holds('starts-with', found, ...values),
            values.some((value) => found.slice(0, value.length) === value),
          );
          assert.equal(
            holds('ends-with', found, ...values),
            values.some((value) => found.slice(-value.length) === value),
          );
          assert.equal(holds('not-contains', found, ...values), !holds('contains', found, ...values));
          assert.equal(holds('matches', found, ...values), holds('contains', found, ...values));
        },
      ),
    );
  });

  it('match RE2 patterns anywhere in the text', () => {
    assert.equal(holds('matches', 'error 503', '^warn', '5\\d\\d$'), true);
    assert.equal(holds('matches', 'error 503', '^5'), false);
    assert.equal(holds('matches', 'Error', '(?i)error'), true);
    assert.equal(holds('matches', 503, '^5..$'), true);
    assert.equal(holds('matches', null, '.*'), false);
    assert.equal(holds('matches', ['a'], 'a'), false);
    assert.equal(holds('matches', `${'x'.repeat(longestSearched)}needle`, 'needle'), false);
  });

  it('take linear time over hostile patterns', () => {
    const hostile: [string, string][] = [
      ['^(a+)+$', `${'a'.repeat(5_000)}b`],
      ['(a|aa)+$', `${'a'.repeat(16_000)}b`],
      ['(.*)(.*)(.*)(.*)(.*)[^x]y$', 'x'.repeat(16_000)],
      ['(a?){500}a{500}', 'a'.repeat(16_000)],
      ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(500_000)],
    ];
    for (const [pattern, text] of hostile) {
      const test = operators.get('matches')!.compile([pattern]);
      const began = performance.now();
      test(text);
      assert.ok(performance.now() - began < 10_000, pattern);
    }
  });
});
