import { z } from 'zod';
import { dialects } from '../../outbound/index.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { changeSubscription, createSubscription } from './change-subscription.ts';
import { checkNewSubscription } from './check-subscription.ts';
import {
  changedSubscription,
  dialect,
  newSubscription,
  presentSubscription,
  subscription,
  subscriptionWithSecret,
  wantedOf,
} from './schema.ts';
import { createSubscriptionStateRoutes } from './state-routes.ts';

export function createSubscriptionRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors, targetRefusal } = deps;

  const checkTarget = async (url: string | undefined) => {
    const refused = url === undefined ? null : await targetRefusal(url);
    if (refused !== null) throw invalidField('url', refused);
  };

  return [
    defineRoute({
      method: 'POST',
      path: '/v1/subscription',
      summary: 'Create an outbound webhook subscription',
      tag: 'Subscriptions',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      body: newSubscription,
      checkBody: checkNewSubscription,
      responses: { 201: subscriptionWithSecret },
      refusals: [],
      handler: async ({ key, body, transaction }) => {
        await checkTarget(body.url);
        const { name, url, secret, events = Object.keys(dialects[body.dialect]!.events) } = body;
        const set = { name, url, dialect: body.dialect, events: [...new Set(events)], secret };
        return transaction(async (tx) => {
          const created = await createSubscription(deps, key, { ...wantedOf(body), ...set }, tx);
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
      permission: 'view_data',
      query: z.strictObject({
        ...page,
        enabled: z
          .enum(['true', 'false'])
          .transform((given) => given === 'true')
          .optional()
          .meta({ jsonSchema: { type: 'boolean' } }),
        dialect: dialect.optional(),
      }),
      responses: { 200: z.object({ subscriptions: z.array(subscription), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { enabled, dialect } = query;
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'subscriptions', organisationId, filters: { enabled, dialect } },
          query,
          (limit, after) =>
            stores.subscriptions.list(organisationId, {
              ...{ limit, enabled, dialect },
              after: after?.[0] as string | undefined,
            }),
          ({ id }) => [id],
        );
        return { status: 200, body: { subscriptions: rows.map(presentSubscription), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/subscription/{id}',
      summary: 'One subscription',
      tag: 'Subscriptions',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: subscription },
      refusals: [],
      handler: async ({ key: { organisationId }, params }) => {
        const found = await stores.subscriptions.get(organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: presentSubscription(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/subscription/{id}',
      summary: 'Change a subscription',
      description:
        'Fields left out stay as they are. Another dialect has other events: what is stored has to be among them, or they are given anew, and what waits under a name that it lacks is cancelled. It is refused while a ruleset tells the subscription of actions, of which the dialect does not speak.',
      tag: 'Subscriptions',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      body: changedSubscription,
      checkBody: checkNewSubscription,
      responses: { 200: subscription },
      refusals: ['still_referenced'],
      handler: async ({ key, params, body, transaction }) => {
        if (!(await stores.subscriptions.get(key.organisationId, params.id))) throw notFound();
        await checkTarget(body.url);
        return transaction(async (tx) => {
          const changed = await changeSubscription(deps, key, params.id, wantedOf(body), tx);
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentSubscription(changed) };
        });
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/subscription/{id}',
      summary: 'Delete a subscription',
      description:
        'Nothing more is sent to it: what waits is cancelled. Refused while an action of a ruleset names it. Its secrets and headers are not kept.',
      tag: 'Subscriptions',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: ({ key: { organisationId }, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.subscriptions.remove(organisationId, params.id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('subscription', left);
          return { status: 200 as const, body: { message: 'The subscription was deleted.' } };
        }),
    }),
    ...createSubscriptionStateRoutes(deps),
  ];
}
