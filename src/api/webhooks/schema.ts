import { z } from 'zod';
import { parsePath } from '../../domain/json/path.ts';
import { sourceNames } from '../../inbound/source.ts';
import type { CheckPaths, Webhook } from '../../stores/webhooks.ts';
import { httpUrl, id, optionalText, text, timestamp } from '../fields.ts';
import { newVerification, presentVerification, verification } from './verification.ts';

const jsonPath = text(512).superRefine((value, context) => {
  const parsed = parsePath(value);
  if ('error' in parsed) context.addIssue({ code: 'custom', message: `is not a path into JSON: ${parsed.error}` });
});

const checkPaths = z
  .strictObject({
    http_status_code: jsonPath.optional(),
    response_time_ms: jsonPath.optional(),
    error: jsonPath.optional(),
  })
  .meta({ id: 'CheckPaths', description: 'Where a payload holds the result of a check, such as `response.status`.' });

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

const monitorUrl = httpUrl.nullable().meta({ description: 'What the source watches, for dialects that say so.' });
const monitorMethod = z.enum(methods).nullable();
const mostTags = 20;
const tags = z
  .array(text(64))
  .max(mostTags, `must be at most ${mostTags} tags`)
  .refine((given) => new Set(given).size === given.length, 'must not hold a tag twice')
  .meta({ description: 'For `tag-check` conditions.', uniqueItems: true });

const source = z.enum(sourceNames).meta({
  description:
    'What its senders speak: any JSON, on which only rulesets can act; the Events API v2 of PagerDuty; or the webhooks of Alertmanager, Grafana or incident.io. Those of incident.io are taken only with a `verification` of type `standard-webhooks`.',
});
const teamId = id.nullable().meta({
  description: 'Whose incidents are those that no ruleset opened. Null: the default team of the organisation.',
});
const opensIncidents = z.boolean().meta({
  description:
    'Whether a problem that its source reports opens an incident by itself, as long as no enabled ruleset has the `webhook_id` of this one.',
});

const newExample = {
  name: 'Checkout probe',
  description: 'Reports every failed order.',
  monitor_url: 'https://shop.example.com/checkout',
  monitor_method: 'POST',
  check_paths: { http_status_code: 'response.status', response_time_ms: 'response.ms', error: 'response.error' },
  tags: ['production'],
  source: 'generic-json',
  team_id: null,
  opens_incidents: true,
} as const;

export const newWebhook = z
  .strictObject({
    name: text(255).optional(),
    description: optionalText(2_000).default(''),
    monitor_url: monitorUrl.default(null),
    monitor_method: monitorMethod.default(null),
    check_paths: checkPaths.default({}),
    tags: tags.default([]),
    verification: newVerification.nullable().default(null),
    source: source.default('generic-json'),
    team_id: teamId.default(null),
    opens_incidents: opensIncidents.default(true),
  })
  .meta({ examples: [newExample] });

export const changedWebhook = z
  .strictObject({
    name: text(255).optional(),
    description: optionalText(2_000).optional(),
    enabled: z.boolean().optional().meta({ description: 'A disabled webhook takes no events.' }),
    monitor_url: monitorUrl.optional(),
    monitor_method: monitorMethod.optional(),
    check_paths: checkPaths.optional(),
    tags: tags.optional(),
    verification: newVerification.nullable().optional().meta({ description: 'Null: anybody who knows the URL.' }),
    source: source.optional(),
    team_id: teamId.optional(),
    opens_incidents: opensIncidents.optional(),
  })
  .meta({ examples: [{ enabled: false, tags: ['production', 'eu-central-1'] }] });

export const webhook = z
  .object({
    id,
    number: z.int(),
    name: z.string(),
    description: z.string(),
    enabled: z.boolean(),
    url: z.string().meta({ description: 'Where events are sent, without a key.' }),
    enqueue_url: z.string().nullable().meta({
      description: 'Where senders of PagerDuty send them, with the `routing_key` in the body. Null for another source.',
    }),
    routing_key: z.string().meta({ description: '32 characters: what stands for the webhook there.' }),
    monitor_url: z.string().nullable(),
    monitor_method: z.string().nullable(),
    check_paths: checkPaths,
    tags: z.array(z.string()),
    source,
    team_id: teamId,
    opens_incidents: opensIncidents,
    verification: verification.nullable().meta({ description: 'Null: anybody who knows the URL.' }),
    created_at: timestamp,
  })
  .meta({
    id: 'Webhook',
    examples: [
      {
        id: '01993c4c-9d2e-7b33-8a4c-5d6e7f809102',
        number: 1,
        ...newExample,
        enabled: true,
        url: 'https://tocsin.example.com/v1/incident/webhook/01993c4c-9d2e-7b33-8a4c-5d6e7f809102',
        enqueue_url: null,
        routing_key: '7d3f0a5c9b1e4f62a8d70c3e5b9f1a24',
        verification: { type: 'bearer', secret: '[redacted]' },
        created_at: '2026-03-01T09:10:00.000Z',
      },
    ],
  });

export function checkPathsOf(given: z.output<typeof checkPaths>): CheckPaths {
  return { httpStatusCode: given.http_status_code, responseTimeMs: given.response_time_ms, error: given.error };
}

export function presentWebhook(row: Webhook, publicUrl: string): z.input<typeof webhook> {
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    description: row.description,
    enabled: row.enabled,
    url: `${publicUrl}/v1/incident/webhook/${row.id}`,
    enqueue_url: row.source === 'pagerduty' ? `${publicUrl}/v2/enqueue` : null,
    routing_key: row.routingKey,
    monitor_url: row.monitorUrl,
    monitor_method: row.monitorMethod,
    check_paths: {
      http_status_code: row.checkPaths.httpStatusCode,
      response_time_ms: row.checkPaths.responseTimeMs,
      error: row.checkPaths.error,
    },
    tags: row.tags,
    source: row.source,
    team_id: row.teamId,
    opens_incidents: row.opensIncidents,
    verification: row.verification && presentVerification(row.verification),
    created_at: row.createdAt,
  };
}
