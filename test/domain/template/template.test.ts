import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson } from '../../../src/domain/json/parse-json.ts';
import {
  cut,
  literalTemplate,
  mostExpressions,
  parseTemplate,
  renderTemplate,
  type RenderOptions,
} from '../../../src/domain/template/template.ts';

const roots = ['payload', 'alert'];

function render(text: string, scope: Record<string, unknown>, options?: RenderOptions): string {
  const parsed = parseTemplate(text, roots);
  assert.ok('template' in parsed, 'error' in parsed ? parsed.error : '');
  return renderTemplate(parsed.template, scope, options);
}

function errorOf(text: string): string {
  const parsed = parseTemplate(text, roots);
  assert.ok('error' in parsed, text);
  return parsed.error;
}

describe('a template', () => {
  it('puts values in where their paths stand', () => {
    const payload = { service: 'checkout', n: 10, ok: false, list: [1, { a: 'b' }], 'a.b': { '0': 'dotted' } };
    const scope = { payload, alert: payload.list[1] };
    assert.equal(render('{{payload.service}} is down', scope), 'checkout is down');
    assert.equal(render('{{ payload.n }}/{{payload.ok}}', scope), '10/false');
    assert.equal(render('{{payload.list[1].a}}{{alert.a}}', scope), 'bb');
    assert.equal(render('{{payload["a.b"]["0"]}}', scope), 'dotted');
    assert.equal(render('{{payload.list}} {{alert}}', scope), '[1,{"a":"b"}] {"a":"b"}');
    assert.equal(render('no expression at all', scope), 'no expression at all');
    assert.equal(render('', scope), '');
  });

  it('gives nothing for what is missing or null, and reaches no prototype', () => {
    const scope = { payload: { none: null, list: [], text: 'abc' }, alert: undefined };
    for (const path of [
      'none',
      'none.deeper',
      'list[0]',
      'list.length',
      'text.length',
      'constructor',
      'constructor.name',
      '__proto__',
    ])
      assert.equal(render(`<{{payload.${path}}}>`, scope), '<>', path);
    assert.equal(render('<{{alert}}{{alert.a}}>', scope), '<>');
    assert.equal(render('<{{payload.a}}>', {}), '<>');
    // Its own member of that name is a value like any other.
    assert.equal(render('{{payload.__proto__}}', { payload: JSON.parse('{"__proto__":"own"}') as object }), 'own');
  });

  it('is refused with the place of the fault', () => {
    const refused: [string, RegExp][] = [
      ['{{constructor}}', /^character 1: \{\{constructor\}\} must begin with payload, alert$/],
      ['a {{payload.service', /^character 3: "\{\{" must be closed/],
      ['{{payload.a}} {{', /^character 15: /],
      ['{{}}', /^character 1: \{\{\}\} is no path: must not be empty/],
      ['{{payload.}}', /^character 1: .*character 9: expected a name/],
      ['x{{payload[}}', /^character 2: .*expected an index/],
      ['{{payload | upper}}', /must begin with/],
      ['{{"payload"}}', /is no path/],
      ['{{[0]}}', /must begin with/],
      ['{{__proto__.polluted}}', /must begin with/],
      ['{{payload.a}}'.repeat(mostExpressions + 1), /at most 50 expressions/],
    ];
    for (const [text, message] of refused) assert.match(errorOf(text), message, text);
  });

  it('leaves lone braces alone, and gives two where they are quoted', () => {
    for (const text of ['{', '}', '}}', '{ {', '{"a":{"b":1}}', 'a } b']) assert.equal(render(text, {}), text);
    assert.equal(render('{"a":{{payload.a}}}', { payload: { a: 1 } }), '{"a":1}');
    assert.equal(render('{{"{{"}}payload.a}} is {{payload.a}}', { payload: { a: 1 } }), '{{payload.a}} is 1');
  });

  it('keeps HTML as it is, unless asked to escape what is put in', () => {
    const scope = { payload: { a: '<b>&"' } };
    assert.equal(render('<i>{{payload.a}}', scope), '<i><b>&"');
    const escape = (text: string) => text.replaceAll('<', '&lt;');
    assert.equal(render('<i>{{payload.a}}', scope, { escape }), '<i>&lt;b>&"');
  });

  it('never grows beyond its bound, nor ends with half of a character', () => {
    const scope = { payload: { big: 'x'.repeat(1_000_000), list: Array.from({ length: 100_000 }, () => '😀') } };
    const began = performance.now();
    assert.equal(render('{{payload.big}}'.repeat(mostExpressions), scope).length, 15_000);
    assert.equal(render('{{payload}}'.repeat(mostExpressions), scope, { longest: 255 }).length, 255);
    assert.ok(performance.now() - began < 10_000);
    assert.equal(render('ab{{payload.list[0]}}', scope, { longest: 3 }), 'ab');
    assert.equal(render('{{payload.big}}', scope, { longest: 10, escape: (text) => text.repeat(9) }).length, 10);
  });

  it('writes numbers as they came, and nothing that Postgres refuses', () => {
    const parsed = parseJson(Buffer.from('{"id":12345678901234567890,"e":1e400,"list":[0.10]}'));
    assert.ok('value' in parsed);
    assert.equal(
      render('{{payload.id}} {{payload.e}} {{payload.list}}', { payload: parsed.value }),
      '12345678901234567890 1e400 [0.1]',
    );
    assert.equal(render('{{payload}}', { payload: 'a\0b\ud800' }), 'a\uFFFDb\uFFFD');
  });

  it('never fails, whatever the text and the values', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.constantFrom('{{', '}}', 'payload', '.a', '"'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.jsonValue(), (pieces, payload) => {
        const parsed = parseTemplate(pieces.join(''), roots);
        if ('error' in parsed) return;
        const text = renderTemplate(parsed.template, { payload }, { longest: 20 });
        assert.ok(text.length <= 20);
        assert.doesNotMatch(text, /[\0\p{Surrogate}]/u);
      }),
      { numRuns: 1_000 },
    );
  });

  it('without expressions is its text', () => {
    for (const text of ['', 'a', '{{payload', '{{constructor}}'])
      assert.equal(renderTemplate(literalTemplate(text), { payload: 1 }), text);
  });
});

describe('cut', () => {
  it('drops a character rather than half of it', () => {
    assert.equal(cut('abc', 3), 'abc');
    assert.equal(cut('abcd', 3), 'abc');
    assert.equal(cut('ab😀', 3), 'ab');
    assert.equal(cut('ab😀', 4), 'ab😀');
  });
});
