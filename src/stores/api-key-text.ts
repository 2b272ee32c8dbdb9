import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What secret scanners look for. */
const start = 'tocsin_';
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 is more than 2^256, and 62^6 more than 2^32. */
const [secretDigits, checksumDigits] = [43, 6];
/** Enough to tell keys apart in a list, far too little to guess the rest. */
const prefixLength = start.length + 6;

/**
 * A new key: `tocsin_`, 256 random bits as 43 digits of base 62, and the CRC-32 (zlib's) of all that as 6 more, by which
 * a scanner tells a key from a text that looks like one without asking anybody. After GitHub's tokens
 * (https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/).
 */
export function createKeyText(): string {
  const key = start + base62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretDigits);
  return key + checksumOf(key);
}

/** Says nothing of keys that were made before they had one, nor of an admin key. */
export function hasKeyChecksum(text: string): boolean {
  if (!/^tocsin_[0-9A-Za-z]{49}$/.test(text)) return false;
  return checksumOf(text.slice(0, -checksumDigits)) === text.slice(-checksumDigits);
}

export function keyPrefix(key: string): string {
  return key.slice(0, prefixLength);
}

/** Keys are long and random, so a fast hash is enough; looking the hash up leaks nothing by its timing. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), checksumDigits);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = digits[Number(rest % 62n)]! + text;
  return text.padStart(length, '0');
}
