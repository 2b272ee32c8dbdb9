import { LosslessNumber, parse as parseLossless } from 'lossless-json';

export type ParseFailure = 'empty' | 'not_utf8' | 'not_json' | 'too_deep';
export type ParseResult = { value: unknown } | { reason: ParseFailure };

/** Arrays and objects within one another. Real payloads stay below 20; recursive code overflows from about 2,000. */
export const deepest = 128;

/**
 * Bytes to a JSON value. A byte order mark is skipped, the content type is not asked. Numbers that a double would
 * round are `LosslessNumber`s, all others plain numbers. The last of equal keys wins.
 */
export function parseJson(bytes: Uint8Array): ParseResult {
  const text = decode(bytes);
  if (text === null) return { reason: 'not_utf8' };
  if (/^[ \t\r\n]*$/.test(text)) return { reason: 'empty' };
  if (isTooDeep(text)) return { reason: 'too_deep' };
  try {
    // Valid JSON first: the exact parser is several times slower, and a double holds most numbers.
    const value: unknown = JSON.parse(text);
    return { value: mayRound.test(text) ? parseExactly(text) : value };
  } catch {
    return { reason: 'not_json' };
  }
}

/** Sixteen digits in a row (a point may stand between them) or an exponent of three: only these can be rounded. */
const mayRound = /[\d.]{16}|\d[eE][+-]?\d{3}/;

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parseExactly(text: string): unknown {
  return parseLossless(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
}

function parseNumber(text: string): number | LosslessNumber {
  // Fifteen significant digits always survive a double.
  const digits = text.replace(/[eE].*$/, '').replace(/^-?[0.]*/, '');
  const exponent = Math.abs(Number(/[eE](.*)$/.exec(text)?.[1] ?? 0));
  if (digits.length <= 15 && text.length < 200 && exponent < 100) return Number(text);
  return new LosslessNumber(text);
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === backslash) at++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === openBracket || code === openBrace) {
      if (++depth > deepest) return true;
    } else if (code === closeBracket || code === closeBrace) depth--;
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
