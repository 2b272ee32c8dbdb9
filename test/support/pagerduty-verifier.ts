import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What a receiver of PagerDuty does, written from PagerDuty's text alone: take the signatures apart at their commas,
 * keep those of version 1, make the HMAC-SHA256 of the raw body with the secret in hexadecimal, and accept the request
 * when one of them is equal.
 */
export function verifyPagerDuty(secret: string, rawBody: Buffer, headers: Record<string, string | undefined>): boolean {
  const expected = Buffer.from(createHmac('sha256', Buffer.from(secret, 'utf8')).update(rawBody).digest('hex'));
  return (headers['x-pagerduty-signature'] ?? '')
    .split(',')
    .filter((signature) => signature.startsWith('v1='))
    .map((signature) => Buffer.from(signature.slice('v1='.length)))
    .some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
}
