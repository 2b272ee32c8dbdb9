import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';
const fewestKeyBytes = 24;
const mostKeyBytes = 64;
const mostCharacters = 255;

/** A new signing secret as Standard Webhooks writes it: `whsec_` and the base64 of 32 random bytes. */
export function createSigningSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

/**
 * What is wrong with a secret that a subscriber brings along, or null. Receivers of Standard Webhooks decode the base64
 * behind `whsec_`; those of PagerDuty take the text as it is, so theirs may be any.
 */
export function signingSecretProblem(secret: string, signature: 'standard' | 'pagerduty'): string | null {
  if (secret.startsWith(prefix) || signature === 'standard')
    return fits(decoded(secret)?.length)
      ? null
      : `must be ${prefix} and the base64 of ${fewestKeyBytes} to ${mostKeyBytes} bytes`;
  return secret.length >= fewestKeyBytes && secret.length <= mostCharacters
    ? null
    : `must be ${fewestKeyBytes} to ${mostCharacters} characters long`;
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
 * replaced, give several signatures with a space between; a receiver accepts any that fits. The key is what the base64
 * behind `whsec_` decodes to; of a secret without that prefix it is the text itself in UTF-8, which the public
 * libraries call the format `raw`. Throws for a secret that protects nothing.
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

/**
 * PagerDuty's headers (https://developer.pagerduty.com/docs/webhooks-overview): HMAC-SHA256 over the body alone, in
 * hexadecimal, its key the whole text of the secret; several secrets give several signatures with a comma between.
 */
export function pagerDutyHeaders(
  message: SignedMessage,
  subscriptionId: string,
  secrets: string[],
): Record<string, string> {
  const signatures = secrets.map((secret) => `v1=${createHmac('sha256', secret).update(message.body).digest('hex')}`);
  return {
    'x-pagerduty-signature': signatures.join(','),
    'x-webhook-id': message.id,
    'x-webhook-subscription': subscriptionId,
  };
}

function keyOf(secret: string): Buffer {
  const key = secret.startsWith(prefix) ? decoded(secret) : Buffer.from(secret);
  if (key === undefined || key.length < fewestKeyBytes)
    throw new Error(
      `A signing secret must be ${prefix} and the base64 of ${fewestKeyBytes} or more bytes, or a long text`,
    );
  return key;
}

/** Buffer.from skips what is not base64; receivers do not, so only the exact spelling counts. */
function decoded(secret: string): Buffer | undefined {
  if (!secret.startsWith(prefix)) return undefined;
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  return key.toString('base64') === secret.slice(prefix.length) ? key : undefined;
}

function fits(bytes: number | undefined): boolean {
  return bytes !== undefined && bytes >= fewestKeyBytes && bytes <= mostKeyBytes;
}
