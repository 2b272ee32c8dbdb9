import { createHmac } from 'node:crypto';
import type { VerificationType } from '../../src/inbound/verification/index.ts';
import { signatureHeaders } from '../../src/outbound/signature.ts';

/** How a genuine sender of each scheme writes its request. */
export interface TestSender {
  /** As the API takes it. */
  verification: { type: VerificationType; secret: string; username?: string; timestamp_header?: string };
  /** The headers for a body, signed `at` (seconds since 1970) with `secret`. */
  sign(body: string | Buffer, at: number, secret?: string): Record<string, string>;
}

const key = Buffer.alloc(32, 7).toString('base64');
const hex = (secret: string, ...parts: (string | Buffer)[]) => {
  const hmac = createHmac('sha256', secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest('hex');
};
const text = 'secret of the sender';

export const testSenders: Record<string, TestSender> = {
  'standard-webhooks': {
    verification: { type: 'standard-webhooks', secret: `whsec_${key}` },
    sign: (body, at, secret = `whsec_${key}`) =>
      signatureHeaders({ id: 'msg_1', timestamp: at, body: body.toString() }, [secret]),
  },
  pagerduty: {
    verification: { type: 'pagerduty', secret: text },
    sign: (body, _at, secret = text) => ({ 'x-pagerduty-signature': `v1=${hex(secret, body)}` }),
  },
  github: {
    verification: { type: 'github', secret: text },
    sign: (body, _at, secret = text) => ({ 'x-hub-signature-256': `sha256=${hex(secret, body)}` }),
  },
  grafana: {
    verification: { type: 'grafana', secret: text },
    sign: (body, _at, secret = text) => ({ 'x-grafana-alerting-signature': hex(secret, body) }),
  },
  'grafana with a timestamp': {
    verification: { type: 'grafana', secret: text, timestamp_header: 'X-Signed-At' },
    sign: (body, at, secret = text) => ({
      'x-signed-at': String(at),
      'x-grafana-alerting-signature': hex(secret, `${at}:`, body),
    }),
  },
  bearer: {
    verification: { type: 'bearer', secret: 'token-of-the-sender' },
    sign: (_body, _at, secret = 'token-of-the-sender') => ({ authorization: `Bearer ${secret}` }),
  },
  basic: {
    verification: { type: 'basic', username: 'prometheus', secret: text },
    sign: (_body, _at, secret = text) => ({
      authorization: `Basic ${Buffer.from(`prometheus:${secret}`).toString('base64')}`,
    }),
  },
};
