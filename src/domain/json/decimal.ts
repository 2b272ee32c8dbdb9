/**
 * A number exactly as written: 0.d₁d₂d₃… × 10^exponent, without leading or trailing zeros. Zero has no digits.
 * Doubles round from 2^53 on, and identifiers are that large.
 */
export interface Decimal {
  negative: boolean;
  digits: string;
  exponent: number;
}

const jsonNumber = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Reads a number in JSON's grammar; null for anything else, and for exponents beyond 15 digits. */
export function parseDecimal(text: string): Decimal | null {
  const match = jsonNumber.exec(text);
  if (!match) return null;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const shift = Number(power);
  if (!Number.isSafeInteger(shift) || Math.abs(shift) >= 1e15) return null;
  const padded = whole + fraction;
  const leading = /^0*/.exec(padded)?.[0].length ?? 0;
  const digits = withoutTrailingZeros(padded.slice(leading));
  if (digits === '') return { negative: false, digits: '', exponent: 0 };
  return { negative: sign === '-', digits, exponent: whole.length - leading + shift };
}

/** Below 0, 0 or above 0, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const signs = signOf(a) - signOf(b);
  if (signs !== 0) return signs;
  return a.negative ? compareSizes(b, a) : compareSizes(a, b);
}

function compareSizes(a: Decimal, b: Decimal): number {
  if (a.exponent !== b.exponent) return a.exponent - b.exponent;
  // Both begin with the same power of ten, so the order of the digits is the order of the numbers.
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

function signOf({ negative, digits }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}

/** A loop, since `/0+$/` takes quadratic time on half a megabyte of zeros. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
