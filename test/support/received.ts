import { Webhook } from 'standardwebhooks';
import type { Json } from './api.ts';
import type { ReceivedRequest } from './receiver.ts';

/** A webhook as its receiver knows it, its signature verified. */
export interface ReceivedWebhook {
  id: string;
  timestamp: number;
  /** In the dialect's words. */
  type: string;
  body: Json;
  at: number;
}

/** Reads requests as a receiver does that trusts only signatures. Throws when one does not verify. */
export function readWebhooks(requests: ReceivedRequest[], secret: string): ReceivedWebhook[] {
  return requests.map(({ headers, body: text, at }) => {
    const body = new Webhook(secret).verify(text, headers as Record<string, string>) as Json;
    const [id, timestamp] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])];
    return { id, timestamp, type: body.type ?? body.event, body, at };
  });
}
