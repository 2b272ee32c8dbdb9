import { z } from 'zod';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import type { Subscription } from '../../stores/subscription-rows.ts';
import type { SubscriptionsOf } from '../../stores/subscriptions.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { id, pathId } from '../fields.ts';
import { defineRoute, noContent, type Route } from '../route.ts';
import { stillReferenced } from '../still-referenced.ts';
import { changeSubscription, createSubscription, unknownEvents } from '../subscriptions/change-subscription.ts';
import {
  changedWebhookSubscription,
  listQuery,
  nameOf,
  newWebhookSubscription,
  presentWebhookSubscription,
  spokenDialect,
  wantedOf,
  webhookSubscription,
  webhookSubscriptions,
} from './schema.ts';
import { pagerDutySurface } from './surface.ts';

/** PagerDuty's `/webhook_subscriptions`: the subscriptions that speak its dialect, in its words. */
export function createWebhookSubscriptionRoutes(deps: ApiDeps): Route[] {
  const { stores, targetRefusal } = deps;
  const common = { tag: 'PagerDuty webhook subscriptions', auth: 'key', surface: pagerDutySurface } as const;
  const keys = '`Authorization: Token token=<key>` is accepted too.';

  const known = async (organisationId: string, subscriptionId: string): Promise<Subscription> => {
    const found = await stores.subscriptions.get(organisationId, subscriptionId);
    if (found?.dialect !== spokenDialect) throw notFound();
    return found;
  };
  const checkTarget = async (url: string | undefined) => {
    const refused = url === undefined ? null : await targetRefusal(url);
    if (refused !== null) throw invalidField('webhook_subscription.delivery_method.url', refused);
  };

  return [
    defineRoute({
      ...common,
      method: 'POST',
      path: '/webhook_subscriptions',
      summary: 'Create a webhook subscription as with PagerDuty',
      description: `A subscription of the dialect \`${spokenDialect}\`, which \`/v1/subscriptions\` lists too. ${keys}`,
      role: 'command',
      permission: 'manage_webhooks',
      body: newWebhookSubscription,
      checkBody: checkEvents,
      responses: { 201: webhookSubscription },
      refusals: [],
      handler: async ({ key, body: { webhook_subscription: given }, transaction }) => {
        const { url } = given.delivery_method;
        await checkTarget(url);
        const { description, enabled, filter, headers, events = [] } = wantedOf(given);
        const draft = { name: nameOf({ description, url }), url, dialect: spokenDialect, description, events };
        checkIds({ filter });
        return inItsWords(() =>
          transaction(async (tx) => {
            const wanted = { ...draft, filter, headers, enabled };
            const created = await createSubscription(deps, key, wanted, tx);
            return { status: 201 as const, body: presentWebhookSubscription(created, created.secret) };
          }),
        );
      },
    }),
    defineRoute({
      ...common,
      method: 'GET',
      path: '/webhook_subscriptions',
      summary: 'List webhook subscriptions as with PagerDuty, oldest first',
      description: keys,
      role: 'query',
      permission: 'view_data',
      query: listQuery,
      responses: { 200: webhookSubscriptions },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { limit, offset, filter_type: filterType, filter_id: filterId } = query;
        if ((filterType ?? 'account') !== 'account' && filterId === undefined)
          throw invalidField('query.filter_id', 'is required with this filter_type');
        const those: SubscriptionsOf = { dialect: spokenDialect, filterType };
        const asked = filterType === 'account' ? undefined : filterId;
        const wanted = asked === undefined ? undefined : id.safeParse(asked);
        // What is no id is the id of nothing.
        const isNone = wanted?.success === false;
        const which = { ...those, filterId: wanted?.data };
        const found = isNone
          ? []
          : await stores.subscriptions.listFrom(organisationId, which, { offset, limit: limit + 1 });
        const total = !query.total ? null : isNone ? 0 : await stores.subscriptions.count(organisationId, which);
        const rows = found.slice(0, limit).map((row) => presentWebhookSubscription(row).webhook_subscription);
        return {
          status: 200,
          body: { webhook_subscriptions: rows, limit, offset, total, more: found.length > limit },
        };
      },
    }),
    defineRoute({
      ...common,
      method: 'GET',
      path: '/webhook_subscriptions/{id}',
      summary: 'One webhook subscription as with PagerDuty',
      description: keys,
      role: 'query',
      permission: 'view_data',
      params: pathId,
      responses: { 200: webhookSubscription },
      refusals: [],
      handler: async ({ key: { organisationId }, params }) => {
        return { status: 200, body: presentWebhookSubscription(await known(organisationId, params.id)) };
      },
    }),
    defineRoute({
      ...common,
      method: 'PUT',
      path: '/webhook_subscriptions/{id}',
      summary: 'Change a webhook subscription as with PagerDuty',
      description: `What is left out stays as it is. ${keys}`,
      role: 'command',
      permission: 'manage_webhooks',
      params: pathId,
      body: changedWebhookSubscription,
      checkBody: checkEvents,
      responses: { 200: webhookSubscription },
      refusals: [],
      handler: async ({ key, params, body: { webhook_subscription: given }, transaction }) => {
        const stored = await known(key.organisationId, params.id);
        await checkTarget(given.delivery_method?.url);
        const wanted = wantedOf(given);
        checkIds(wanted);
        // One that is disabled for its failures is active already in PagerDuty's sense; enabling it is asked for by name.
        const isActive = presentWebhookSubscription(stored).webhook_subscription.active;
        const enabled = wanted.enabled === isActive ? undefined : wanted.enabled;
        return inItsWords(() =>
          transaction(async (tx) => {
            const changed = await changeSubscription(deps, key, params.id, { ...wanted, enabled }, tx);
            if (!changed) throw notFound();
            return { status: 200 as const, body: presentWebhookSubscription(changed) };
          }),
        );
      },
    }),
    defineRoute({
      ...common,
      method: 'DELETE',
      path: '/webhook_subscriptions/{id}',
      summary: 'Delete a webhook subscription as with PagerDuty',
      description: `Nothing more is sent to it. ${keys}`,
      role: 'command',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 204: noContent },
      refusals: ['still_referenced'],
      handler: async ({ key: { organisationId }, params, transaction }) => {
        await known(organisationId, params.id);
        return transaction(async (tx) => {
          const left = await stores.subscriptions.remove(organisationId, params.id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('subscription', left);
          return { status: 204 as const, body: undefined };
        });
      },
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: '/webhook_subscriptions/{id}/enable',
      summary: 'Enable a webhook subscription as with PagerDuty',
      description: `Also one that was disabled for its failures. ${keys}`,
      role: 'command',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 200: webhookSubscription },
      refusals: [],
      handler: async ({ key: { organisationId }, params, transaction }) => {
        await known(organisationId, params.id);
        return transaction(async (tx) => {
          const enabled = await stores.subscriptions.update(organisationId, params.id, { enabled: true }, tx);
          if (!enabled) throw notFound();
          return { status: 200 as const, body: presentWebhookSubscription(enabled) };
        });
      },
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: '/webhook_subscriptions/{id}/ping',
      summary: 'Test a webhook subscription as with PagerDuty',
      description: `Sends it a \`pagey.ping\`, which \`/v1/subscription/{id}/deliveries\` shows. ${keys}`,
      role: 'command',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 202: noContent },
      refusals: ['subscription_disabled'],
      handler: async ({ key: { organisationId }, params, transaction }) => {
        await known(organisationId, params.id);
        return transaction(async (tx) => {
          if ((await stores.deliveryRepairs.ping(organisationId, params.id, tx)) === undefined) throw notFound();
          return { status: 202 as const, body: undefined };
        });
      },
    }),
  ];
}

/** Which events there are the dialect knows; what else is wrong with them the schema says. */
function checkEvents(given: unknown): FieldError[] {
  const parsed = z
    .object({ webhook_subscription: z.object({ events: z.array(z.unknown()).max(100) }) })
    .safeParse(given);
  return parsed.success ? named(unknownEvents(spokenDialect, parsed.data.webhook_subscription.events)) : [];
}

/** PagerDuty's ids are short texts; here one that is no UUID is unknown. */
function checkIds({ filter }: Pick<ReturnType<typeof wantedOf>, 'filter'>): void {
  if (filter && filter.id !== null && !id.safeParse(filter.id).success)
    throw invalidField('webhook_subscription.filter.id', `is not a ${filter.type} of this organisation`);
}

/** Says what is wrong with a field under the name it has here. */
async function inItsWords<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid_fields')
      throw new Refusal(error.code, error.message, named(error.fields));
    throw error;
  }
}

function named(errors: FieldError[]): FieldError[] {
  return errors.map(({ field, message }) => {
    const place = /^(custom_headers|url)\b/.test(field) ? `delivery_method.${field}` : field;
    return { field: `webhook_subscription.${place}`, message };
  });
}
