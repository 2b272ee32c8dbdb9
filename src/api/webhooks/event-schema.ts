import { z } from 'zod';
import { isStorable } from '../../domain/json/storable.ts';
import { matchOutcomes } from '../../stores/event-matches.ts';
import type { StoredEvent } from '../../stores/events.ts';
import { id, timestamp } from '../fields.ts';

const mostTags = 20;
const longestTag = 64;

/** `?tags=a,b` or `?tags=a&tags=b`: each once, without the blanks around it. */
export const submittedTags = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [...new Set([given].flat().flatMap((text) => text.split(',').map((tag) => tag.trim())))])
  .refine((tags) => tags.length <= mostTags, `must be at most ${mostTags} tags`)
  .refine(
    (tags) => tags.every((tag) => tag !== '' && [...tag].length <= longestTag && isStorable(tag)),
    `must be tags of 1 to ${longestTag} characters, none of them NUL`,
  )
  .optional()
  .meta({
    description: 'For `tag-check` conditions, beside the tags of the webhook.',
    jsonSchema: {
      type: 'array',
      maxItems: mostTags,
      items: { type: 'string', maxLength: longestTag, pattern: '^[^\\s,\\u0000][^,\\u0000]*$' },
      examples: [['production', 'eu-central-1']],
    },
  });

export const receivedEvent = z
  .object({
    id,
    message: z.string(),
    ip: z.string(),
    content_type: z.string().nullable(),
    received_at: timestamp,
  })
  .meta({
    id: 'ReceivedEvent',
    examples: [
      {
        id: '019b2a5e-7c1f-7d30-9a52-3f0d8f3b5c11',
        message: 'Event received.',
        ip: '203.0.113.7',
        content_type: 'application/json',
        received_at: '2026-03-15T19:09:39.412Z',
      },
    ],
  });

const match = z.object({
  ruleset_id: id.nullable().meta({ description: 'Null: the webhook by itself, as its sender says.' }),
  incident_id: id,
  occurrence: z.int().meta({ description: 'Which alert of the event, counted from 0.' }),
  outcome: z.enum(matchOutcomes),
});

export const event = z
  .object({
    id,
    webhook_id: id,
    content_type: z.string().nullable(),
    body: z.string().nullable().meta({ description: 'As received; null when it is not UTF-8.' }),
    body_base64: z.string().optional().meta({ description: 'Instead of `body` when that is null.' }),
    ip: z.string(),
    tags: z.array(z.string()).meta({ description: 'Of the query it came with.' }),
    headers: z
      .record(z.string(), z.string())
      .meta({ description: 'By lower-case name, without those that may hold a secret, and at most 8 KiB of them.' }),
    hops: z.int().meta({ description: 'How many actions of this product lie between it and an event from outside.' }),
    received_at: timestamp,
    status: z.enum(['pending', 'evaluated', 'failed', 'rejected']).meta({
      description:
        '`failed`: evaluating it failed three times. `rejected`: its sender could not be verified; it is never evaluated.',
    }),
    matches: z.array(match).meta({ description: 'What its alerts did to which incidents, and what decided that.' }),
    reason: z.string().nullable().meta({
      description:
        'Why nothing came of it, or of some of its alerts; null while it waits, and beside matches that needed none.',
    }),
  })
  .meta({
    id: 'Event',
    examples: [
      {
        id: '019b2a5e-7c1f-7d30-9a52-3f0d8f3b5c11',
        webhook_id: 'c03b02ec-244f-4d2c-8f68-3910071ed5c8',
        content_type: 'application/json',
        body: '{"products":[{"count":10}]}',
        ip: '203.0.113.7',
        tags: ['production'],
        headers: { host: 'tocsin.example.com', 'user-agent': 'probe/1.4', 'content-type': 'application/json' },
        hops: 0,
        received_at: '2026-03-15T19:09:39.412Z',
        status: 'evaluated',
        matches: [
          {
            ruleset_id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed',
            incident_id: '019b2a5e-7cf0-7a91-8a3c-55c1b9d2c1de',
            occurrence: 0,
            outcome: 'opened',
          },
        ],
        reason: null,
      },
    ],
  });

export function presentEvent(row: StoredEvent): z.input<typeof event> {
  const body = asUtf8(row.body);
  return {
    id: row.id,
    webhook_id: row.webhookId,
    content_type: row.contentType,
    body,
    ...(body === null ? { body_base64: Buffer.from(row.body).toString('base64') } : {}),
    ip: row.ip,
    tags: row.tags,
    headers: row.headers,
    hops: row.hops,
    received_at: row.receivedAt,
    status: row.status,
    matches: row.matches.map(({ rulesetId, incidentId, occurrence, outcome }) => {
      return { ruleset_id: rulesetId, incident_id: incidentId, occurrence, outcome };
    }),
    reason: reasonOf(row),
  };
}

/** What simply matched nothing is stored without words. */
function reasonOf({ status, matches, reason }: StoredEvent): string | null {
  return reason ?? (status === 'evaluated' && matches.length === 0 ? 'No ruleset matched.' : null);
}

/** Byte for byte, a byte order mark included. */
function asUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
