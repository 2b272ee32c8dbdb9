import type { z } from 'zod';
import type { FieldError } from '../../domain/error-code.ts';
import { dialects } from '../../outbound/index.ts';
import { type ApiKey, viewerOf } from '../../stores/api-keys.ts';
import { mostRecovered } from '../../stores/delivery-recovery.ts';
import type { Transaction } from '../../stores/sql.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { payloadOf } from './payload.ts';
import { deliveryWithPayload, exampleBody, longestRecovery, presentDelivery, recoverBody, recovery } from './schema.ts';

const dayMs = 24 * 3_600_000;

/** What people do with deliveries by hand; refused while the subscription is disabled. */
export function createRepairRoutes({ stores, publicUrl }: ApiDeps): Route[] {
  const { deliveryReads, deliveryRepairs } = stores;

  const accepted = async (key: ApiKey, id: string, tx: Transaction) => {
    const stored = await deliveryReads.get(key.organisationId, id, viewerOf(key), tx);
    if (!stored) throw notFound();
    const body: z.input<typeof deliveryWithPayload> = {
      ...presentDelivery(stored),
      payload: payloadOf(stored, publicUrl),
    };
    return { status: 202 as const, body };
  };

  return [
    defineRoute({
      method: 'POST',
      path: '/v1/delivery/{id}/resend',
      summary: 'Send a delivery again',
      description:
        'Under the same id, at once, with a schedule of its own; it waits for no other delivery of its incident, and none for it.',
      tag: 'Deliveries',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 202: deliveryWithPayload },
      refusals: ['subscription_disabled', 'delivery_pending', 'not_told'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          if (!(await deliveryRepairs.resend(key.organisationId, params.id, viewerOf(key), tx))) throw notFound();
          return accepted(key, params.id, tx);
        }),
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/subscription/{id}/recover',
      summary: 'Deliver what a subscription missed',
      description: `Deliveries of the range that were given up are due again, in their order; and of what happened to incidents while nothing was stored for the subscription, because it was disabled, it is told now, as its events, filter and dialect say today. Oldest first, up to ${mostRecovered} at a call. What it was told already is not repeated, private incidents that the key may not see are left out, and changes of services are not made up for.`,
      tag: 'Deliveries',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      body: recoverBody,
      checkBody: checkRange,
      responses: { 200: recovery },
      refusals: ['subscription_disabled'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const recovered = await deliveryRepairs.recover(key.organisationId, params.id, body, viewerOf(key), tx);
          if (!recovered) throw notFound();
          const { retried, added, more } = recovered;
          return { status: 200 as const, body: { retried, added, more } };
        }),
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/subscription/{id}/ping',
      summary: 'Send a subscription a delivery that tells nothing',
      tag: 'Deliveries',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 202: deliveryWithPayload },
      refusals: ['subscription_disabled'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const id = await deliveryRepairs.ping(key.organisationId, params.id, tx);
          if (id === undefined) throw notFound();
          return accepted(key, id, tx);
        }),
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/subscription/{id}/example',
      summary: 'Send a subscription an example of an event',
      description:
        'Made up, and named so, of any event of its dialect, whatever it subscribes to. Ids in it belong to nothing that exists.',
      tag: 'Deliveries',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      body: exampleBody,
      responses: { 202: deliveryWithPayload },
      refusals: ['subscription_disabled'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const { organisationId } = key;
          const held = await stores.subscriptions.hold(organisationId, params.id, tx);
          if (!held) throw notFound();
          const { events } = dialects[held.subscription.dialect]!;
          if (!Object.hasOwn(events, body.event))
            throw invalidField('event', `must be one of ${Object.keys(events).join(', ')}`);
          const id = await deliveryRepairs.sendExample(organisationId, params.id, body.event, tx);
          if (id === undefined) throw notFound();
          return accepted(key, id, tx);
        }),
    }),
  ];
}

function checkRange(given: unknown): FieldError[] {
  const parsed = recoverBody.safeParse(given);
  if (!parsed.success) return [];
  const { since, until } = parsed.data;
  const spanMs = (until === null ? Date.now() : Date.parse(until)) - Date.parse(since);
  if (until !== null && spanMs <= 0) return [{ field: 'until', message: 'must be after since' }];
  if (spanMs <= longestRecovery * dayMs) return [];
  return [{ field: 'until', message: `must be given, and at most ${longestRecovery} days later than since` }];
}
