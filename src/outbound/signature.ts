import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

/** A new signing secret as Standard Webhooks writes it: `whsec_` and the base64 of 32 random bytes. */
export function createSigningSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

export interface SignedMessage {
  /** The same on every attempt of one delivery. */
  id: string;
  /** Seconds since 1970, of this attempt: receivers refuse what is five minutes off. */
  timestamp: number;
  body: string;
}

/**
 * The Standard Webhooks headers: HMAC-SHA256 over `id.timestamp.body`. Several secrets, as while one is being
 * replaced, give several signatures with a space between; a receiver accepts any that fits.
 */
export function signatureHeaders(message: SignedMessage, secrets: string[]): Record<string, string> {
  const content = `${message.id}.${message.timestamp}.${message.body}`;
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', keyOf(secret)).update(content).digest('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : '', 'base64');
  if (key.length < 24) throw new Error('A signing secret must be whsec_ and the base64 of 24 or more bytes');
  return key;
}
