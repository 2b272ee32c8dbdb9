import { z } from 'zod';
import type { Subscription, SubscriptionFilter } from '../../stores/subscription-rows.ts';
import { optionalText, queryInteger, text } from '../fields.ts';
import type { WantedChange } from '../subscriptions/change-subscription.ts';
import { customHeaders } from '../subscriptions/custom-headers.ts';
import { url } from '../subscriptions/schema.ts';

/**
 * PagerDuty's webhook subscriptions, field by field as its REST reference has them
 * (https://developer.pagerduty.com/api-reference/b3A6MjkyNDc4NA-create-a-webhook-subscription). What its clients send
 * besides is passed over, as PagerDuty does.
 */
export const spokenDialect = 'pagerduty.v3';

/** Stands for a header's value that is not shown. */
const redacted = '-- redacted --';

const filterTypes = { account_reference: 'account', service_reference: 'service', team_reference: 'team' } as const;
/** PagerDuty has no word for the last one: a subscription that was made elsewhere may have it. */
const referenceTypes = {
  account: 'account_reference',
  service: 'service_reference',
  team: 'team_reference',
  api_key: 'api_key_reference',
} as const;

const events = z
  .array(text(100))
  .min(1, 'must name one event or more')
  .max(100, 'must be at most 100')
  .meta({ description: 'A set: one given twice counts once.' });
const filter = z
  .object({
    type: z.enum(['account_reference', 'service_reference', 'team_reference']),
    id: z.string().max(100).nullish().meta({ description: 'Of the service or the team.' }),
  })
  .refine(({ type, id }) => type === 'account_reference' || (id ?? '') !== '', { error: 'is required', path: ['id'] })
  .meta({
    anyOf: [
      { properties: { type: { const: 'account_reference' } } },
      { properties: { id: { type: 'string', minLength: 1 } }, required: ['id'] },
    ],
  });
const headers = customHeaders(false)
  .nullish()
  .meta({
    description: `Sent with every webhook. Values are never shown again: \`${redacted}\` stands for each, and sent back keeps it while the URL's origin stays.`,
  });
const deliveryMethod = z.object({ type: z.literal('http_delivery_method'), url, custom_headers: headers });
const oauthClient = z.null('is not supported').optional();

const fields = {
  type: z.literal('webhook_subscription').optional(),
  active: z.boolean().optional(),
  delivery_method: deliveryMethod,
  description: optionalText(2_000).nullish(),
  events,
  filter,
  oauth_client_id: oauthClient,
};

const sample = {
  delivery_method: {
    type: 'http_delivery_method',
    url: 'https://example.com/receive_a_pagerduty_webhook',
    custom_headers: [{ name: 'your-header-name', value: 'your-header-value' }],
  },
  description: 'Sends PagerDuty v3 webhook events somewhere interesting.',
  events: ['incident.acknowledged', 'incident.resolved', 'incident.triggered'],
  filter: { id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2', type: 'service_reference' },
  type: 'webhook_subscription',
} as const;

export const newWebhookSubscription = z
  .object({ webhook_subscription: z.object(fields) })
  .meta({ examples: [{ webhook_subscription: sample }] });
export const changedWebhookSubscription = z
  .object({
    webhook_subscription: z.object({ ...fields, delivery_method: deliveryMethod.partial() }).partial(),
  })
  .meta({ examples: [{ webhook_subscription: { events: ['incident.triggered'] } }] });

const shown = z
  .object({
    id: z.string(),
    type: z.literal('webhook_subscription'),
    active: z.boolean(),
    delivery_method: z.object({
      id: z.string(),
      type: z.literal('http_delivery_method'),
      url: z.string(),
      secret: z.string().nullable().meta({ description: 'Null but in the answer that made it.' }),
      temporarily_disabled: z.boolean().meta({ description: 'Disabled for its failures, until it is enabled.' }),
      custom_headers: z.array(z.object({ name: z.string(), value: z.literal(redacted) })),
    }),
    description: z.string(),
    events: z.array(z.string()),
    filter: z.object({ type: z.enum(Object.values(referenceTypes)), id: z.string().nullable() }),
  })
  .meta({
    id: 'WebhookSubscription',
    examples: [
      {
        id: '01993c51-3b7a-7e64-9c2d-8e9fa0b1c2d3',
        type: 'webhook_subscription',
        active: true,
        delivery_method: {
          id: '01993c51-3b7a-7e64-9c2d-8e9fa0b1c2d3',
          type: 'http_delivery_method',
          url: sample.delivery_method.url,
          secret: null,
          temporarily_disabled: false,
          custom_headers: [{ name: 'your-header-name', value: redacted }],
        },
        description: sample.description,
        events: [...sample.events],
        filter: { type: 'service_reference', id: sample.filter.id },
      },
    ],
  });

export const webhookSubscription = z.object({ webhook_subscription: shown });
export const webhookSubscriptions = z.object({
  webhook_subscriptions: z.array(shown),
  limit: z.int().meta({ examples: [25] }),
  offset: z.int().meta({ examples: [0] }),
  total: z
    .int()
    .nullable()
    .meta({ description: 'Null unless asked for with `total=true`.', examples: [null] }),
  more: z.boolean().meta({ examples: [false] }),
});

export const listQuery = z.object({
  limit: queryInteger(1, 100, 25),
  offset: queryInteger(0, 10_000, 0),
  total: z
    .enum(['true', 'false'])
    .transform((given) => given === 'true')
    .default(false)
    .meta({ jsonSchema: { type: 'boolean', default: false } }),
  filter_type: z.enum(['account', 'service', 'team']).optional(),
  filter_id: z.string('must be given once').max(100).optional(),
});

/** `secret` in the answer to its creation alone. */
export function presentWebhookSubscription(
  row: Subscription,
  secret: string | null = null,
): z.input<typeof webhookSubscription> {
  return {
    webhook_subscription: {
      id: row.id,
      type: 'webhook_subscription',
      active: row.enabled || row.disabledReason !== 'by_hand',
      delivery_method: {
        id: row.id,
        type: 'http_delivery_method',
        url: row.url,
        secret,
        temporarily_disabled: !row.enabled && row.disabledReason !== 'by_hand',
        custom_headers: row.headerNames.map((name) => ({ name, value: redacted })),
      },
      description: row.description,
      events: row.events,
      filter: { type: referenceTypes[row.filter.type], id: row.filter.id },
    },
  };
}

type Given = z.output<typeof changedWebhookSubscription>['webhook_subscription'];

/** What a body asks for, in the words of the native API; what it leaves out stays undefined. */
export function wantedOf(given: Given): WantedChange {
  const { description, delivery_method: method } = given;
  return {
    url: method?.url,
    description: description === undefined ? undefined : (description ?? ''),
    events: given.events && [...new Set(given.events)],
    filter: given.filter && filterOf(given.filter),
    enabled: given.active,
    headers: (method?.custom_headers === null ? [] : method?.custom_headers)?.map(({ name, value }) => ({
      name,
      value: value === redacted ? null : value,
    })),
  };
}

/** PagerDuty's have no name; people know them by what they describe, or by where they lead. */
export function nameOf({ description, url }: { description?: string | undefined; url: string }): string {
  const [line = ''] = (description ?? '').trim().split(/[\r\n]/);
  return [...line].slice(0, 255).join('').trim() || new URL(url).hostname;
}

function filterOf({ type, id }: z.output<typeof filter>): SubscriptionFilter {
  const own = filterTypes[type];
  return own === 'account' ? { type: own, id: null } : { type: own, id: (id ?? '').toLowerCase() };
}
