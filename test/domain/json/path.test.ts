import assert from 'node:assert/strict';
import fc from 'fast-check';
import { longestPath, missing, mostSegments, parsePath, type Path, valueAt } from '../../../src/domain/json/path.ts';

function segmentsOf(text: string): Path {
  const parsed = parsePath(text);
  assert.ok('path' in parsed, JSON.stringify(parsed));
  return parsed.path;
}

function at(document: unknown, text: string): unknown {
  return valueAt(document, segmentsOf(text));
}

describe('paths', () => {
  it('reads names, indexes, quoted keys and pointers', () => {
    const paths: [string, Path][] = [
      ['products[0].count', ['products', 0, 'count']],
      ['a', ['a']],
      ['[0]', [0]],
      ['[0][1].b', [0, 1, 'b']],
      ['a["b.c"]', ['a', 'b.c']],
      ["a['b]c'].d", ['a', 'b]c', 'd']],
      ['["say \\"hi\\" \\\\ \\\'"]', ['say "hi" \\ \'']],
      ['[""]', ['']],
      ['a b.c-d.ü.@type.$ref', ['a b', 'c-d', 'ü', '@type', '$ref']],
      ['$schema', ['$schema']],
      ['a.0', ['a', '0']],
      ['__proto__.x', ['__proto__', 'x']],
      ['/products/0/count', ['products', '0', 'count']],
      ['/', ['']],
      ['/a~1b/m~0n/~01', ['a/b', 'm~n', '~1']],
      ['/a.b[0]', ['a.b[0]']],
    ];
    for (const [text, path] of paths) assert.deepEqual(segmentsOf(text), path, text);
  });

  it('says what is wrong and where', () => {
    const errors: [string, RegExp][] = [
      ['', /must not be empty/],
      ['a[-1]', /character 2: expected an index such as \[0\]/],
      ['a[1e9]', /character 2: expected an index/],
      ['a[ 0]', /character 2: expected an index/],
      ['a[]', /character 2: expected an index/],
      ['a[01]', /character 2: an index has no leading zero/],
      ['a[9999999999999999]', /character 2: an index has .* at most 15 digits/],
      ['a["b', /character 2: expected an index/],
      ['a["b"c"]', /character 2: expected an index/],
      ['a["\\n"]', /character 2: expected an index/],
      ['a[b]', /character 2: expected an index/],
      ['a]', /character 2: expected "\." or "\["/],
      ['a[0]b', /character 5: expected "\." or "\["/],
      ['a"b', /character 2: expected "\." or "\["/],
      ['.a', /character 1: expected a name/],
      ['a.', /character 3: expected a name/],
      ['a..b', /character 3: expected a name/],
      ['a.[0]', /character 3: expected a name/],
      ['$', /leave out the leading "\$"/],
      ['$.a', /leave out the leading "\$"/],
      ['$[0]', /leave out the leading "\$"/],
      ['/a~b', /character 3: "~" must be followed by 0 or 1/],
      ['/a/b~', /character 5: "~" must be followed by 0 or 1/],
      ['a\0b', /NUL/],
      ['a\ud800', /surrogates/],
      ['x'.repeat(longestPath + 1), /at most 512 characters/],
      ['a.'.repeat(mostSegments) + 'a', /at most 64 segments/],
      ['/a'.repeat(mostSegments + 1), /at most 64 segments/],
    ];
    for (const [text, message] of errors) {
      const parsed = parsePath(text);
      assert.ok('error' in parsed, `${text} was accepted`);
      assert.match(parsed.error, message, text);
    }
    assert.equal(segmentsOf('a.'.repeat(mostSegments - 1) + 'a').length, mostSegments);
    assert.equal(segmentsOf('x'.repeat(longestPath)).length, 1);
  });

  it('leads nowhere instead of failing', () => {
    const document = { a: [1, null, { b: 'text' }], n: null, 'b.c': 1, '': 2, '0': 'zero' };
    for (const text of [
      'x',
      'x.y.z',
      'a[3]',
      'a[999999999999999]',
      'a.b',
      'a[0].b',
      'a[1].b',
      'n.x',
      'a.length',
      'a[2].b.length',
      'a[2].b[0]',
      '[0]',
      'a.01',
      'a.-1',
      '/a/-',
    ])
      assert.equal(at(document, text), missing, text);
    assert.equal(at(document, 'a[1]'), null);
    assert.equal(at(document, 'a.0'), 1);
    assert.equal(at(document, '/a/2/b'), 'text');
    assert.equal(at(document, '["b.c"]'), 1);
    assert.equal(at(document, '/'), 2);
    for (const scalar of [null, 1, 'text', true, [], {}]) assert.equal(at(scalar, 'a'), missing);
  });

  it('never follows a prototype', () => {
    for (const text of [
      '__proto__',
      'constructor',
      'constructor.prototype',
      'toString',
      'a.__proto__',
      'a.map',
      's.length',
      '__proto__.polluted',
    ])
      assert.equal(at({ a: [], s: 'x' }, text), missing, text);
    const own = JSON.parse('{"__proto__": {"x": 1}, "constructor": {"prototype": 2}}') as unknown;
    assert.equal(at(own, '__proto__.x'), 1);
    assert.equal(at(own, 'constructor.prototype'), 2);
  });

  it('finds every value of any document, spelled either way', () => {
    const key = fc.string({ maxLength: 8, unit: 'binary' }).filter((text) => !/[\0\p{Surrogate}]/u.test(text));
    const document = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.constant(null), tie('list'), tie('record')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      record: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    })).value;
    fc.assert(
      fc.property(document, (root) => {
        for (const [path, value] of everyPath(root)) {
          assert.strictEqual(at(root, quoted(path)), value);
          if (path.length > 0) assert.strictEqual(at(root, pointer(path)), value);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('answers for any text at all, without failing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'a0.[]"\'\\/~$ -') })), (text) => {
        const parsed = parsePath(text);
        if ('path' in parsed) valueAt({ a: [{ a: 0 }] }, parsed.path);
        else assert.ok(parsed.error.length > 0);
      }),
      { numRuns: 2_000 },
    );
  });
});

function* everyPath(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  if (path.length > 0) yield [path, value];
  if (Array.isArray(value)) for (const [index, element] of value.entries()) yield* everyPath(element, [...path, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) yield* everyPath(member, [...path, name]);
}

function quoted(path: Path): string {
  return path
    .map((segment) => (typeof segment === 'number' ? `[${segment}]` : `["${segment.replaceAll(/["\\]/g, '\\$&')}"]`))
    .join('');
}

function pointer(path: Path): string {
  return path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
