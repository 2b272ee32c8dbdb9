import { z } from 'zod';
import { longestIncidentKey } from '../../inbound/incident-key.ts';
import { occurrenceActions } from '../../inbound/source.ts';
import type { FieldError } from '../../domain/error-code.ts';
import { optionalText, text } from '../fields.ts';
import { validate } from '../validate.ts';

/**
 * An event as PagerDuty's Events API v2 takes it, https://developer.pagerduty.com/docs/send-alert-event. What else an
 * event holds is kept, and left alone: senders of the first version add `service_key`, `incident_key` and `details`.
 */

const severities = ['critical', 'error', 'warning', 'info'] as const;
const longestSummary = 1_024;
/** PagerDuty names no bound for these; the body has one. */
const longestPart = 8_192;
const mostLinks = 1_000;

const part = optionalText(longestPart).nullish();

/** ISO 8601, with a colon in the offset or without, as PagerDuty's own samples have it. */
const time = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?$/,
    'must be a time in ISO 8601, such as 2026-03-15T19:09:39.412Z',
  );

const payload = z.looseObject({
  summary: text(longestSummary),
  source: text(longestPart),
  severity: z.enum(severities),
  timestamp: time.nullish(),
  component: part,
  group: part,
  class: part,
  custom_details: z.looseObject({}).nullish(),
});

const link = z.looseObject({ href: text(longestPart), text: part });

const image = z.looseObject({
  src: text(longestPart)
    .refine((value) => /^https:\/\//i.test(value), 'must be an https:// URL')
    .meta({ pattern: '^[hH][tT][tT][pP][sS]://' }),
  href: part,
  alt: part,
});

const common = {
  routing_key: z
    .string()
    .regex(/^[\x21-\x7e]{32}$/, 'has an incorrect length (should be 32 characters)')
    .meta({ description: 'Of a webhook whose source is `pagerduty`.' }),
};
const dedupKey = text(longestIncidentKey);

const trigger = z.looseObject({
  ...common,
  event_action: z.literal('trigger'),
  dedup_key: z
    .union([dedupKey, z.literal('')], {
      error: ({ input }) => (typeof input === 'string' ? undefined : 'must be a string'),
    })
    .nullish()
    .meta({ description: 'Names the problem; without one, the answer says the key that it was given.' }),
  payload,
  client: part,
  client_url: part,
  links: z.array(link).max(mostLinks, `must be at most ${mostLinks} links`).nullish(),
  images: z.array(image).max(mostLinks, `must be at most ${mostLinks} images`).nullish(),
});

/** What senders fill in besides, as Alertmanager does, is not looked at. */
const followUp = (action: 'acknowledge' | 'resolve') =>
  z.looseObject({ ...common, event_action: z.literal(action), dedup_key: dedupKey });

const example = {
  routing_key: '7d3f0a5c9b1e4f62a8d70c3e5b9f1a24',
  event_action: 'trigger',
  dedup_key: 'disk/db-1',
  payload: {
    summary: 'The disk of db-1 is full',
    source: 'db-1.example.com',
    severity: 'critical',
    timestamp: '2026-03-15T19:09:39.412+0000',
    component: 'postgres',
    group: 'prod-datapipe',
    class: 'disk',
    custom_details: { free: '0 %' },
  },
  links: [{ href: 'https://wiki.example.com/disk-full', text: 'What to do' }],
};

export const enqueuedEvent = z
  .discriminatedUnion('event_action', [trigger, followUp('acknowledge'), followUp('resolve')], {
    error: ({ code }) => (code === 'invalid_union' ? `must be one of ${occurrenceActions.join(', ')}` : undefined),
  })
  .meta({ id: 'EnqueuedEvent', examples: [example] });

/** An action that is none says nothing of the other fields but this one. */
export function checkEnqueued(given: unknown): FieldError[] {
  return typeof given === 'object' && given !== null ? validate(z.looseObject(common), given).errors : [];
}

export const enqueued = z.object({ status: z.literal('success'), message: z.string(), dedup_key: z.string() }).meta({
  id: 'EnqueuedAnswer',
  examples: [{ status: 'success', message: 'Event processed', dedup_key: 'disk/db-1' }],
});
