import { z } from 'zod';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import { transitionTypesOf } from '../../outbound/dialect.ts';
import { dialects } from '../../outbound/index.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import {
  delivery,
  newSubscription,
  presentDelivery,
  presentSubscription,
  subscription,
  subscriptionWithSecret,
} from './schema.ts';

export function createSubscriptionRoutes({ stores, cursors, targetRefusal }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/subscription',
      summary: 'Create an outbound webhook subscription',
      tag: 'Subscriptions',
      role: 'command',
      auth: 'key',
      body: newSubscription,
      checkBody: checkEvents,
      responses: { 201: subscriptionWithSecret },
      refusals: [],
      handler: async ({ key, body, transaction }) => {
        const refused = await targetRefusal(body.url);
        if (refused !== null)
          throw new Refusal('invalid_fields', 'Some fields are invalid.', [{ field: 'url', message: refused }]);
        const dialect = dialects[body.dialect]!;
        const events = [...new Set(body.events ?? Object.keys(dialect.events))];
        const { name, url } = body;
        const draft = { name, url, dialect: dialect.name, events, transitionTypes: transitionTypesOf(dialect, events) };
        return transaction(async (tx) => {
          const created = await stores.subscriptions.create(key.organisationId, draft, tx);
          return { status: 201 as const, body: { ...presentSubscription(created), secret: created.secret } };
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/subscriptions',
      summary: 'List subscriptions, newest first',
      tag: 'Subscriptions',
      role: 'query',
      auth: 'key',
      query: z.strictObject(page),
      responses: { 200: z.object({ subscriptions: z.array(subscription), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'subscriptions', organisationId },
          query,
          (limit, after) =>
            stores.subscriptions.list(organisationId, { limit, after: after?.[0] as string | undefined }),
          ({ id }) => [id],
        );
        return { status: 200, body: { subscriptions: rows.map(presentSubscription), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/subscription/{id}/deliveries',
      summary: 'List the deliveries of a subscription with every attempt, newest first',
      tag: 'Subscriptions',
      role: 'query',
      auth: 'key',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ deliveries: z.array(delivery), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        const owner = await stores.subscriptions.get(organisationId, params.id);
        if (!owner) throw notFound();
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'deliveries', organisationId, filters: { subscription: params.id } },
          query,
          (limit, after) => {
            const last = after && { createdAt: String(after[0]), id: String(after[1]) };
            return stores.deliveries.list(organisationId, params.id, { limit, after: last });
          },
          ({ createdAt, id }) => [createdAt, id],
        );
        const deliveries = rows.map((row) => presentDelivery(row, owner.dialect));
        return { status: 200, body: { deliveries, next_cursor: nextCursor } };
      },
    }),
  ];
}

/** Which events there are depends on the dialect. */
function checkEvents(given: unknown): FieldError[] {
  const parsed = z.object({ dialect: z.string(), events: z.array(z.unknown()).max(50) }).safeParse(given);
  const dialect = parsed.success ? dialects[parsed.data.dialect] : undefined;
  if (!parsed.success || !dialect) return [];
  const names = Object.keys(dialect.events);
  return parsed.data.events.flatMap((name, index) =>
    typeof name !== 'string' || names.includes(name)
      ? []
      : [{ field: `events[${index}]`, message: `must be one of ${names.join(', ')}` }],
  );
}
