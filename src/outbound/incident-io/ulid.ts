import { createHash } from 'node:crypto';

/** Crockford's base32 (https://www.crockford.com/base32.html), as ULIDs are written (https://github.com/ulid/spec). */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const length = 26;

/** A UUID's 128 bits as a ULID: a bijection that keeps the order, so those of version 7 stay sorted by time. */
export function ulidOf(uuid: string): string {
  const hex = uuid.replaceAll('-', '');
  return /^[0-9a-f]{32}$/i.test(hex) ? written(BigInt(`0x${hex}`)) : derivedUlid(uuid);
}

/** The UUID that `ulidOf` made this of, lower case; undefined: it is no ULID. Small letters are read as capitals. */
export function uuidOfUlid(ulid: string): string | undefined {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i.test(ulid)) return undefined;
  const bits = [...ulid.toUpperCase()].reduce((sum, digit) => (sum << 5n) | BigInt(alphabet.indexOf(digit)), 0n);
  return bits
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** For what has no id with us: always the same for the same words, and for no others. */
export function derivedUlid(...words: string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(words)).digest('hex');
  return written(BigInt(`0x${digest.slice(0, 32)}`));
}

function written(bits: bigint): string {
  return Array.from({ length }, (_, place) => {
    return alphabet[Number((bits >> BigInt(5 * (length - 1 - place))) & 31n)]!;
  }).join('');
}
