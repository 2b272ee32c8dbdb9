import { z } from 'zod';
import { redacted } from '../../domain/action/action-draft.ts';
import { dialectNames } from '../../outbound/index.ts';
import { disabledReasons, filterTypes, type Subscription } from '../../stores/subscription-rows.ts';
import { id, optionalText, text, timestamp } from '../fields.ts';
import type { WantedChange } from './change-subscription.ts';
import { customHeaders } from './custom-headers.ts';

export const dialect = z.enum(dialectNames);
export const url = text(2_048).meta({ format: 'uri', pattern: '^[hH][tT][tT][pP][sS]?://' });
/** Whether it fits the dialect is asked later. */
const secret = text(255).optional().meta({
  description:
    'Your own signing secret: `whsec_` and the base64 of 24 to 64 bytes; in the dialects of PagerDuty also any text of 24 to 255 characters. Absent: one is made.',
});

const fields = {
  name: text(255),
  description: optionalText(2_000),
  url,
  dialect,
  events: z
    .array(text(100))
    .min(1, 'must name one event or more')
    .max(100, 'must be at most 100')
    .meta({ description: 'Names of the dialect’s events, as a set.' }),
  filter: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('account') }),
      z.strictObject({ type: z.enum(['service', 'team', 'api_key']), id }),
    ])
    .meta({
      description:
        'Of whose incidents it hears: all of the organisation, those of a team, those of a service, which is a ruleset, a webhook or a team, or those that an API key reported.',
    }),
  custom_headers: customHeaders(true).meta({
    maxItems: 20,
    description: `Sent with every request. Values are never shown again: \`${redacted}\` stands for each, and sent back keeps it while the URL's origin stays.`,
  }),
  include_private: z.boolean().meta({
    description:
      'Whether it hears of private incidents too. Making and changing one that does takes the permission `view_private_incidents`.',
  }),
  timeout: z
    .int('must be a whole number of seconds')
    .min(1, 'must be 1 second or more')
    .max(30, 'must be at most 30 seconds')
    .meta({ description: 'Seconds that it has to answer.' }),
  rate_limit: z
    .int('must be a whole number of attempts a second, or null')
    .min(1, 'must be 1 or more')
    .max(1_000, 'must be at most 1000')
    .nullable()
    .meta({ description: 'Attempts a second; null: as many as it takes.' }),
  owner_id: id.nullable().meta({ description: 'The member who is told when it is disabled for its failures.' }),
};
const { name, url: target, dialect: spoken, ...others } = fields;

export const newSubscription = z
  .strictObject({ name, url: target, dialect: spoken, ...z.object(others).partial().shape, secret })
  .meta({
    description: 'Absent events: all of the dialect. Absent filter: the whole account. Absent timeout: 10 seconds.',
    examples: [
      { name: 'Chat bot', url: 'https://bot.example.com/tocsin', dialect: 'standard', events: ['incident.triggered'] },
    ],
  });

export const changedSubscription = z
  .strictObject(z.object(fields).partial().shape)
  .meta({ examples: [{ events: ['incident.triggered', 'incident.resolved'], timeout: 5 }] });

export const rotation = z
  .strictObject({
    secret,
    expires_in: z
      .int('must be a whole number of seconds')
      .min(0, 'must be 0 or more')
      .max(604_800, 'must be at most 604800 seconds, which are 7 days')
      .default(86_400)
      .meta({ description: 'For so many seconds the one before still signs. 0: no earlier one signs from now on.' }),
  })
  .meta({ examples: [{ expires_in: 86_400 }] });

const shape = {
  id,
  name: z.string(),
  description: z.string(),
  url: z.string(),
  dialect,
  events: z.array(z.string()),
  filter: z.object({ type: z.enum(filterTypes), id: id.nullable() }),
  custom_headers: z.array(z.object({ name: z.string(), value: z.literal(redacted) })),
  include_private: z.boolean(),
  timeout: z.int(),
  rate_limit: z.int().nullable(),
  owner_id: id.nullable(),
  enabled: z.boolean(),
  disabled_reason: z
    .enum(disabledReasons)
    .nullable()
    .meta({ description: '`gone`: it answered 410. `failing`: nothing but failures for days.' }),
  disabled_at: timestamp.nullable(),
  failing_since: timestamp.nullable().meta({ description: 'The first failure since its last success.' }),
  paused_until: timestamp.nullable().meta({ description: 'Nothing is sent to it until then.' }),
  previous_secrets: z
    .array(z.object({ expires_at: timestamp }))
    .meta({ description: 'Secrets that were replaced and still sign, the newest first.' }),
  created_at: timestamp,
  updated_at: timestamp,
};
const example = {
  id: '01993c51-3b7a-7e64-9c2d-8e9fa0b1c2d3',
  name: 'Chat bot',
  description: '',
  url: 'https://bot.example.com/tocsin',
  dialect: 'standard',
  events: ['incident.triggered'],
  filter: { type: 'account', id: null },
  custom_headers: [{ name: 'Authorization', value: redacted }],
  include_private: false,
  timeout: 10,
  rate_limit: null,
  owner_id: null,
  enabled: true,
  disabled_reason: null,
  disabled_at: null,
  failing_since: null,
  paused_until: null,
  previous_secrets: [{ expires_at: '2026-03-03T08:00:00.000Z' }],
  created_at: '2026-03-02T08:00:00.000Z',
  updated_at: '2026-03-02T08:00:00.000Z',
};
export const subscription = z.object(shape).meta({ id: 'Subscription', examples: [example] });
export const subscriptionWithSecret = z
  .object({ ...shape, secret: z.string().meta({ description: 'What deliveries are signed with. Shown once.' }) })
  .meta({
    id: 'NewSubscription',
    examples: [{ ...example, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=' }],
  });

export function presentSubscription(row: Subscription): z.input<typeof subscription> {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    url: row.url,
    dialect: row.dialect,
    events: row.events,
    filter: row.filter,
    custom_headers: row.headerNames.map((header) => ({ name: header, value: redacted })),
    include_private: row.includesPrivate,
    timeout: Math.ceil(row.timeoutMs / 1_000),
    rate_limit: row.rateLimit,
    owner_id: row.ownerId,
    enabled: row.enabled,
    disabled_reason: row.disabledReason,
    disabled_at: row.disabledAt,
    failing_since: row.failingSince,
    paused_until: row.pausedUntil,
    previous_secrets: row.replacedSecretsExpireAt.map((expiresAt) => ({ expires_at: expiresAt })),
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  };
}

/** What a body asks for; what it leaves out stays undefined. */
export function wantedOf(body: z.output<typeof changedSubscription>): WantedChange {
  const { name, description, url, dialect, events, filter, timeout } = body;
  return {
    ...{ name, description, url, dialect },
    events: events && [...new Set(events)],
    filter:
      filter && (filter.type === 'account' ? { type: 'account', id: null } : { type: filter.type, id: filter.id }),
    headers: body.custom_headers?.map((header) => ({
      name: header.name,
      value: header.value === redacted ? null : header.value,
    })),
    includesPrivate: body.include_private,
    timeoutMs: timeout === undefined ? undefined : timeout * 1_000,
    rateLimit: body.rate_limit,
    ownerId: body.owner_id,
  };
}
