import { hmacSha256, isSameText } from './digest.ts';
import type { VerificationScheme } from './scheme.ts';
import { timestampProblem } from './timestamp.ts';

const prefix = 'whsec_';
/** A sender that replaces its secret signs with two; nobody needs more than a few. */
const mostSignatures = 16;

/**
 * Standard Webhooks 1.0.0 with a shared secret: `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, several with spaces
 * between. Svix senders use the same under names of their own.
 */
export const standardWebhooks: VerificationScheme = {
  name: 'standard-webhooks',

  secretProblem: (secret) =>
    keyOf(secret) ? null : `must be ${prefix} and the base64 of 24 to 64 bytes, as Standard Webhooks writes it`,

  verify({ headers, body }, { secret }, now) {
    const family =
      headers['webhook-signature'] === undefined && headers['svix-signature'] !== undefined ? 'svix' : 'webhook';
    const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((part) => {
      const value = headers[`${family}-${part}`];
      return typeof value === 'string' && value !== '' ? value : undefined;
    });
    if (id === undefined) return `${family}-id is missing`;
    if (timestamp === undefined) return `${family}-timestamp is missing`;
    if (signatures === undefined) return `${family}-signature is missing`;
    const problem = timestampProblem(`${family}-timestamp`, timestamp, now);
    if (problem) return problem;
    const key = keyOf(secret);
    const expected = key && `v1,${hmacSha256(key, `${id}.${timestamp}.`, body).toString('base64')}`;
    const given = signatures.split(' ').slice(0, mostSignatures);
    return expected && given.some((signature) => isSameText(signature, expected))
      ? null
      : `${family}-signature has no signature that fits`;
  },
};

function keyOf(secret: string): Buffer | undefined {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}
