import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvHeader, csvRows } from '../../src/api/export/csv.ts';
import { formatOf } from '../../src/api/export/format.ts';

describe('CSV of exports', () => {
  const cellOf = (text: string) => {
    const [row] = parse(csvRows(['text'], [{ text }]), { record_delimiter: '\r\n' }) as string[][];
    return row?.[0] ?? '';
  };

  it('gives a text back as it was, whatever is in it', () => {
    for (const text of ['', ',', '"', '""', 'a"b,c\r\nd\ne\rf', 'naïve café – 日本語 🚒', ' blank ', "o'clock", '1;2'])
      assert.equal(cellOf(`x${text}`), `x${text}`);
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 })), (rows) => {
        const given = rows.map(([a = '', b = '']) => ({ a: `x${a}`, b: `x${b}` }));
        const written = csvHeader(['a', 'b']) + csvRows(['a', 'b'], given);
        assert.deepEqual(parse(written, { columns: true, record_delimiter: '\r\n' }), given);
      }),
    );
  });

  it('ends each line with CRLF and quotes only what needs it', () => {
    const written = csvRows(['a', 'b', 'c'], [{ a: 'one', b: 'say "two"', c: 'three\nfour' }]);
    assert.equal(written, 'one,"say ""two""","three\nfour"\r\n');
    assert.equal(csvRows(['a', 'b', 'c'], [{ a: null, b: 12, c: ['x', 'y'] }]), ',12,x; y\r\n');
  });

  it('makes no text a formula, also behind white space, quotes and marks that nobody sees', () => {
    for (const formula of [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\tx',
      '\rx',
      '\nx',
      ' =1',
      '\u00a0=1',
      '\u200b=1',
      '\ufeff=1',
      '"=1',
      `"' =1`,
      '“=1”',
      '\u0001=1',
      '＝1',
      '＋1',
      '－1',
      '＠SUM(A1)',
      '=HYPERLINK("https://example.com","x")',
      "=cmd|'/C calc'!A0",
    ])
      assert.equal(cellOf(formula), `'${formula}`, JSON.stringify(formula));
    for (const harmless of ['1-1', 'a=b', 'mail@example.com', "it's", '"quoted"', 'x\n=1', ''])
      assert.equal(cellOf(harmless), harmless);
  });

  it('guards names of columns and lists too, and leaves numbers alone', () => {
    assert.equal(csvHeader([{ key: 'f', heading: '=Field', names: ['@x'] }]), "'=Field: @x\r\n");
    assert.equal(csvRows(['a'], [{ a: ['=1', '=2'] }]), "'=1; =2\r\n");
    assert.equal(csvRows(['a'], [{ a: -1 }]), '-1\r\n');
  });

  it('is chosen by name, or by what a client likes best', () => {
    assert.equal(formatOf('json', 'text/csv'), 'json');
    assert.equal(formatOf('csv', 'application/json'), 'csv');
    for (const [accept, format] of [
      [undefined, 'json'],
      ['', 'json'],
      ['*/*', 'json'],
      ['text/csv', 'csv'],
      ['Text/CSV;charset=utf-8', 'csv'],
      ['text/*', 'csv'],
      ['text/csv, application/json', 'json'],
      ['text/csv, application/json;q=0.9', 'csv'],
      ['text/csv;q=0.5, application/*', 'json'],
      ['text/csv, */*;q=0.1', 'csv'],
      ['text/csv;q=0', 'json'],
      ['nonsense;;;q=x,,', 'json'],
    ] as const)
      assert.equal(formatOf(undefined, accept), format, accept);
  });
});
