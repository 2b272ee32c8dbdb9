import { z } from 'zod';
import { parsePath } from '../../domain/json/path.ts';
import type { StoredEvent } from '../../stores/events.ts';
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

export const newWebhook = z.strictObject({
  name: text(255).optional(),
  description: optionalText(2_000).default(''),
  monitor_url: monitorUrl.default(null),
  monitor_method: monitorMethod.default(null),
  check_paths: checkPaths.default({}),
  tags: tags.default([]),
  verification: newVerification.nullable().default(null),
});

export const changedWebhook = z.strictObject({
  name: text(255).optional(),
  description: optionalText(2_000).optional(),
  enabled: z.boolean().optional().meta({ description: 'A disabled webhook takes no events.' }),
  monitor_url: monitorUrl.optional(),
  monitor_method: monitorMethod.optional(),
  check_paths: checkPaths.optional(),
  tags: tags.optional(),
  verification: newVerification.nullable().optional().meta({ description: 'Null: anybody who knows the URL.' }),
});

export const webhook = z
  .object({
    id,
    number: z.int(),
    name: z.string(),
    description: z.string(),
    enabled: z.boolean(),
    url: z.string().meta({ description: 'Where events are sent, without a key.' }),
    monitor_url: z.string().nullable(),
    monitor_method: z.string().nullable(),
    check_paths: checkPaths,
    tags: z.array(z.string()),
    verification: verification.nullable().meta({ description: 'Null: anybody who knows the URL.' }),
    created_at: timestamp,
  })
  .meta({ id: 'Webhook' });

export const receivedEvent = z
  .object({
    id,
    message: z.string(),
    ip: z.string(),
    content_type: z.string().nullable(),
    received_at: timestamp,
  })
  .meta({ id: 'ReceivedEvent' });

export const event = z
  .object({
    id,
    webhook_id: id,
    content_type: z.string().nullable(),
    body: z.string().nullable().meta({ description: 'As received; null when it is not UTF-8.' }),
    body_base64: z.string().optional().meta({ description: 'Instead of `body` when that is null.' }),
    ip: z.string(),
    received_at: timestamp,
    status: z
      .enum(['pending', 'evaluated', 'failed', 'rejected'])
      .meta({ description: '`rejected`: its sender could not be verified; it is never evaluated.' }),
    reason: z.string().nullable().meta({ description: 'Why it opened nothing, beyond that no ruleset matched.' }),
    matches: z.array(z.object({ ruleset_id: id, incident_id: id, outcome: z.enum(['opened', 'joined']) })),
  })
  .meta({ id: 'Event' });

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
    monitor_url: row.monitorUrl,
    monitor_method: row.monitorMethod,
    check_paths: {
      http_status_code: row.checkPaths.httpStatusCode,
      response_time_ms: row.checkPaths.responseTimeMs,
      error: row.checkPaths.error,
    },
    tags: row.tags,
    verification: row.verification && presentVerification(row.verification),
    created_at: row.createdAt,
  };
}

export function presentEvent(row: StoredEvent): z.input<typeof event> {
  const body = asUtf8(row.body);
  return {
    id: row.id,
    webhook_id: row.webhookId,
    content_type: row.contentType,
    body,
    ...(body === null ? { body_base64: Buffer.from(row.body).toString('base64') } : {}),
    ip: row.ip,
    received_at: row.receivedAt,
    status: row.status,
    reason: row.reason,
    matches: row.matches.map(({ rulesetId, incidentId, outcome }) => {
      return { ruleset_id: rulesetId, incident_id: incidentId, outcome };
    }),
  };
}

/** Byte for byte, a byte order mark included. */
function asUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
