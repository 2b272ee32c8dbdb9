import assert from 'node:assert/strict';
import fc from 'fast-check';
import { deepest, parseJson } from '../../../src/domain/json/parse-json.ts';
import { textOf } from '../../../src/domain/json/scalar.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

describe('parseJson', () => {
  it('agrees with JSON.parse wherever doubles are exact', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer(), (value, number) => {
        const text = JSON.stringify([value, number, number / 1_024]);
        fc.pre(!/\d[eE]/.test(text) && !/[\d.]{16}/.test(text));
        const parsed = parse(text);
        assert.ok('value' in parsed);
        assert.deepEqual(plain(parsed.value), plain(JSON.parse(text)));
      }),
    );
  });

  it('keeps numbers that a double would round', () => {
    for (const number of [
      '12345678901234567890',
      '9007199254740993',
      '0.1234567890123456789',
      '1e400',
      '-1e-400',
      '123456789012345678901234567890e-5',
    ]) {
      const parsed = parse(`{"big": [${number}], "small": 0.1}`);
      assert.ok('value' in parsed);
      const { big, small } = parsed.value as { big: unknown[]; small: number };
      assert.equal(textOf(big[0]), number);
      assert.equal(small, 0.1);
    }
    assert.deepEqual(parse('[1.50, 1e2, 0.00000000000000000001]'), { value: [1.5, 100, 1e-20] });
  });

  it('lets the last of equal keys win, with and without big numbers', () => {
    assert.deepEqual(parse('{"a":1,"a":2}'), { value: { a: 2 } });
    const parsed = parse('{"a":12345678901234567890,"a":2}');
    assert.deepEqual(parsed, { value: { a: 2 } });
  });

  it('keeps __proto__ a plain key', () => {
    for (const number of ['1', '12345678901234567890']) {
      const parsed = parse(`{"__proto__": {"polluted": ${number}}, "constructor": 1}`);
      assert.ok('value' in parsed);
      assert.equal(Object.getPrototypeOf(parsed.value), Object.prototype);
      assert.ok(Object.hasOwn(parsed.value as object, '__proto__'));
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    }
  });

  it('says why it cannot read a body', () => {
    const failures: [Buffer, string][] = [
      [Buffer.alloc(0), 'empty'],
      [Buffer.from('\ufeff \r\n\t'), 'empty'],
      [Buffer.from('null,'), 'not_json'],
      [Buffer.from('\u00a0'), 'not_json'],
      [Buffer.from("{'a':1}"), 'not_json'],
      [Buffer.from('{"a":12345678901234567890'), 'not_json'],
      [Buffer.from('NaN'), 'not_json'],
      [Buffer.from('"\n"'), 'not_json'],
      [Buffer.from('\ufeff\ufeff{}'), 'not_json'],
      [Buffer.from([0xc0, 0x80]), 'not_utf8'],
      [Buffer.from([0xed, 0xa0, 0x80]), 'not_utf8'],
      [Buffer.from('{"a":1}', 'utf16le'), 'not_json'],
    ];
    for (const [body, reason] of failures) assert.deepEqual(parseJson(body), { reason }, body.toString('hex'));
    assert.deepEqual(parse('\ufeff{"a":"\\u0000\\ud800"}'), { value: { a: '\0\ud800' } });
  });

  it('counts nesting before it parses, and not inside strings', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.ok('value' in parse(nested(deepest)));
    assert.deepEqual(parse(nested(deepest + 1)), { reason: 'too_deep' });
    assert.deepEqual(parse(nested(20_000)), { reason: 'too_deep' });
    assert.deepEqual(parse('{"a":'.repeat(100_000)), { reason: 'too_deep' });
    assert.ok('value' in parse(JSON.stringify('[{'.repeat(1_000))));
    assert.ok('value' in parse(JSON.stringify('\\"[['.repeat(1_000))));
    assert.ok('value' in parse(`[${'[[]],'.repeat(1_000)}[]]`));
  });

  it('reads the largest bodies quickly', () => {
    const bodies = [
      JSON.stringify('9'.repeat(500_000)),
      `[${'1,'.repeat(250_000)}1]`,
      '9'.repeat(500_000),
      `0.${'0'.repeat(500_000)}1`,
      `1e${'9'.repeat(500_000)}`,
      `[${Array.from({ length: 25_000 }, (_, index) => `1234567890123456${index}`).join()}]`,
      `{${'"a":[[]],'.repeat(50_000)}"a":12345678901234567890}`,
    ];
    for (const body of bodies) {
      const began = performance.now();
      assert.ok('value' in parse(body));
      assert.ok(performance.now() - began < 10_000, body.slice(0, 20));
    }
  });
});

/** fast-check makes objects without a prototype, and -0 has no spelling of its own. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
