import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareDecimals, parseDecimal } from '../../../src/domain/json/decimal.ts';

const compare = (a: string, b: string) => Math.sign(compareDecimals(parseDecimal(a)!, parseDecimal(b)!));

describe('decimals', () => {
  it('compare numbers as written', () => {
    for (const [a, b] of [
      ['10', '10.0'],
      ['1e1', '10'],
      ['0', '-0.00'],
      ['100e-2', '1'],
      ['0.001', '1E-3'],
      ['1e400', '10e399'],
    ])
      assert.equal(compare(a!, b!), 0, `${a} = ${b}`);
    for (const [a, b] of [
      ['9007199254740992', '9007199254740993'],
      ['-2', '-1'],
      ['-1', '0'],
      ['0', '1e-400'],
      ['1e400', '1e401'],
      ['0.1', '0.10000000000000000001'],
      ['9', '10'],
      ['99', '100.5'],
    ]) {
      assert.equal(compare(a!, b!), -1, `${a} < ${b}`);
      assert.equal(compare(b!, a!), 1, `${b} > ${a}`);
    }
  });

  it('agree with integers of any size', () => {
    const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: 0, max: 30 }));
    fc.assert(
      fc.property(scaled, scaled, ([a, powerA], [b, powerB]) => {
        const [left, right] = [a * 10n ** BigInt(powerA), b * 10n ** BigInt(powerB)];
        const expected = left < right ? -1 : left > right ? 1 : 0;
        assert.equal(compare(`${a}e${powerA}`, `${b}e${powerB}`), expected);
      }),
    );
  });

  it('agree with doubles', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, double, (a, b) => {
        assert.equal(compare(String(a).replace('e+', 'e'), String(b)), a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it('are plainly equal when they are negative, too', () => {
    assert.equal(compare('-5.4e-323', '-5.4e-323'), 0);
  });

  it('are JSON numbers and nothing else', () => {
    for (const text of [
      '',
      ' 1',
      '1 ',
      '+1',
      '.5',
      '5.',
      '01',
      '0x1f',
      '1_000',
      '1,5',
      'NaN',
      'Infinity',
      '--1',
      '1e',
      '1e1.5',
      '٣',
      `1e${'9'.repeat(16)}`,
    ])
      assert.equal(parseDecimal(text), null, text);
  });
});
