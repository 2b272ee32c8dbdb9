import { isLosslessNumber } from 'lossless-json';
import { type Decimal, parseDecimal } from './decimal.ts';

/** A string, number or boolean as text, numbers as written or in their shortest form; null for everything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isLosslessNumber(value) ? value.value : null;
}

/** A JSON number exactly; null for everything else, numeric strings too. */
export function decimalOf(value: unknown): Decimal | null {
  if (typeof value === 'number') return parseDecimal(String(value));
  return isLosslessNumber(value) ? parseDecimal(value.value) : null;
}
