import { createHmac, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { Behaviour, ReceivedRequest } from '../../support/receiver.ts';

/** What one delivery said: which event, of which incident or service. */
export interface Told {
  event: string;
  subject: string;
}

/** What an integrator writes for one dialect. */
export interface Integration {
  /** Answers the id of the delivery; throws when the signature is not that of the secret. */
  verify(request: ReceivedRequest): string;
  /** Reads the body strictly and keeps what it says; throws when it is not what the dialect's documentation says. */
  take(body: unknown): Told;
}

export interface Endpoint {
  /** 204, also for what it had before; 401 without a right signature; 422 with the reason for a body it does not take. */
  answer(request: ReceivedRequest): Behaviour;
  /** Each delivery once, in the order in which they came. */
  told: Told[];
  refused: string[];
  /** Ids that came again. */
  repeated: string[];
}

export function createEndpoint({ verify, take }: Integration): Endpoint {
  const seen = new Set<string>();
  const [told, refused, repeated]: [Told[], string[], string[]] = [[], [], []];
  const refuse = (status: number, reason: string): Behaviour => {
    refused.push(reason);
    return { status, body: reason };
  };
  return {
    told,
    refused,
    repeated,
    answer(request) {
      if (request.method !== 'POST') return refuse(405, `${request.method} is not POST`);
      if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return refuse(415, 'is not JSON');
      let id: string;
      try {
        id = verify(request);
      } catch (error) {
        return refuse(401, String(error));
      }
      if (seen.has(id)) {
        repeated.push(id);
        return { status: 204 };
      }
      try {
        told.push(take(JSON.parse(request.body)));
      } catch (error) {
        const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
        return refuse(422, reason);
      }
      seen.add(id);
      return { status: 204 };
    },
  };
}

/** Standard Webhooks, which Svix sends likewise: https://www.standardwebhooks.com */
export function standardWebhooksVerifier(secret: string): Integration['verify'] {
  const webhook = new Webhook(secret);
  return ({ headers, body }) => {
    webhook.verify(body, headers as Record<string, string>);
    return String(headers['webhook-id']);
  };
}

/** `X-PagerDuty-Signature: v1=<hex>[,v1=<hex>…]`, the HMAC-SHA256 of the body as it came; one that fits is enough. */
export function pagerdutyVerifier(secret: string, subscriptionId: string): Integration['verify'] {
  return ({ headers, body }) => {
    const given = String(headers['x-pagerduty-signature']).split(',');
    const ours = Buffer.from(`v1=${createHmac('sha256', secret).update(body).digest('hex')}`);
    const fits = (text: string) => text.length === ours.length && timingSafeEqual(Buffer.from(text), ours);
    if (!given.some(fits)) throw new Error(`no signature fits: ${given.join()}`);
    if (headers['x-webhook-subscription'] !== subscriptionId) throw new Error('another subscription’s');
    const id = headers['x-webhook-id'];
    if (typeof id !== 'string' || id === '') throw new Error('X-Webhook-Id is missing');
    return id;
  };
}

export const text = z.string().min(1);
export const url = z.url({ protocol: /^https?$/ });

/** ISO 8601 in UTC, to the second, as `2026-04-16T14:23:00Z`. */
export const seconds = timeLike(/T\d\d:\d\d:\d\dZ$/);
/** As `2020-10-02T18:45:22.169Z`. */
export const milliseconds = timeLike(/T\d\d:\d\d:\d\d\.\d{3}Z$/);
/** As `2021-08-17T13:28:57.801578Z`. */
export const microseconds = timeLike(/T\d\d:\d\d:\d\d\.\d{6}Z$/);

function timeLike(end: RegExp) {
  return z
    .string()
    .regex(end)
    .refine((value) => !Number.isNaN(Date.parse(value)), 'is no time');
}
