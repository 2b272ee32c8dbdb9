import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA256 of the parts, one after the other. */
export function hmacSha256(key: string | Buffer, ...parts: (string | Buffer)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Whether two texts are the same, in a time that tells neither where they differ nor how long the expected one is. */
export function isSameText(given: string, expected: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

/** Whether `given` is the digest in hexadecimal, in either case. Takes as long wherever they differ. */
export function isHexOf(given: string, expected: Buffer): boolean {
  return /^[0-9a-f]{64}$/i.test(given) && timingSafeEqual(Buffer.from(given, 'hex'), expected);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
