import { z } from 'zod';
import { redacted } from '../../domain/action/action-draft.ts';
import { isStorable } from '../../domain/json/storable.ts';
import { parseTemplate } from '../../domain/template/template.ts';
import { actionBodyRoots } from '../../outbound/action-body.ts';
import { isReservedHeader } from '../../outbound/custom-headers.ts';
import { id, text } from '../fields.ts';
import { answeredEndpoints } from './endpoints.ts';
import { knownId } from './known-id.ts';

const mostHeaders = 20;
const longestValue = 1_024;
const longestBody = 10_000;
const deepestBody = 20;

/** RFC 9110's token. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** Of connections and proxies, and those of our own signature and marks. */
const reservedPrefix = /^(proxy|tocsin|webhook)-/i;

const headers = z
  .record(
    z.string(),
    z
      .string()
      .max(longestValue, `must be at most ${longestValue} characters long`)
      .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII'),
  )
  .superRefine((given, context) => {
    const names = Object.keys(given);
    if (names.length > mostHeaders) context.addIssue({ code: 'custom', message: `must be at most ${mostHeaders}` });
    const seen = new Set<string>();
    for (const name of names) {
      const problem = nameProblem(name, seen);
      if (problem) context.addIssue({ code: 'custom', path: [name], message: problem });
      seen.add(name.toLowerCase());
    }
  })
  .meta({
    maxProperties: mostHeaders,
    propertyNames: { pattern: headerName.source },
    description: `Sent with the request. Values are never shown again: \`${redacted}\` stands for each, and sent back with the ids of its action and settings keeps it while the URL's origin stays.`,
  });

function nameProblem(name: string, seen: Set<string>): string | null {
  if (!headerName.test(name)) return 'is not a header name of at most 100 characters';
  if (isReservedHeader(name) || reservedPrefix.test(name)) return 'is a header that cannot be set';
  if (seen.has(name.toLowerCase())) return 'is given twice, in upper and lower case';
  return null;
}

const body = z
  .unknown()
  .superRefine((given, context) => {
    if (given === undefined || given === null) return;
    if (JSON.stringify(given).length > longestBody)
      context.addIssue({ code: 'custom', message: `must be at most ${longestBody} characters long as JSON` });
    else
      for (const { path, message } of bodyProblems(given, [], deepestBody))
        context.addIssue({ code: 'custom', path, message });
  })
  .meta({
    description: `A JSON value whose every string is a template, or a text that is one: \`{{incident.name}}\`. Paths begin with ${actionBodyRoots.join(', ')}. Absent or null: the payload of the standard dialect.`,
  });

type Problem = { path: (string | number)[]; message: string };

function bodyProblems(value: unknown, path: (string | number)[], levels: number): Problem[] {
  if (typeof value === 'string') return textProblems(value).map((message) => ({ path, message }));
  // A literal such as 1e999; it would be stored as null.
  if (typeof value === 'number' && !Number.isFinite(value)) return [{ path, message: 'is out of range' }];
  if (typeof value !== 'object' || value === null) return [];
  if (levels === 0) return [{ path, message: `must not be nested deeper than ${deepestBody} levels` }];
  if (Array.isArray(value)) return value.flatMap((item, index) => bodyProblems(item, [...path, index], levels - 1));
  return Object.entries(value).flatMap(([name, item]) =>
    isStorable(name)
      ? bodyProblems(item, [...path, name], levels - 1)
      : [{ path, message: 'must not have a NUL character or a lone surrogate in a name' }],
  );
}

function textProblems(value: string): string[] {
  if (!isStorable(value)) return ['must not contain a NUL character or a lone surrogate'];
  const parsed = parseTemplate(value, actionBodyRoots);
  return 'error' in parsed ? [parsed.error] : [];
}

const targets = ['url', 'webhook_id', 'subscription_id'] as const;

/** What a `trigger-webhook` calls. Whether it may and whether it is there is asked later. */
export const webhookSettings = z
  .strictObject({
    id: knownId,
    url: text(2_048).optional().meta({ format: 'uri' }),
    webhook_id: id.optional().meta({ description: 'An inbound webhook of the organisation, which gets an event.' }),
    subscription_id: id.optional().meta({ description: 'The subscription to tell, in its own dialect.' }),
    headers: headers.optional(),
    body: body.optional(),
    ...answeredEndpoints,
  })
  .superRefine((given, context) => {
    const named = targets.filter((target) => given[target] !== undefined);
    if (named.length !== 1)
      context.addIssue({ code: 'custom', message: `must have exactly one of ${targets.join(', ')}` });
    const refuse = (field: 'headers' | 'body', message: string) => {
      if (given[field] !== undefined) context.addIssue({ code: 'custom', path: [field], message });
    };
    if (named.length === 1 && named[0] !== 'url') refuse('headers', 'go with url alone');
    if (named[0] === 'subscription_id') refuse('body', 'goes with url or webhook_id alone');
  })
  .meta({
    id: 'WebhookSettings',
    description: 'Exactly one of `url`, `webhook_id` and `subscription_id`.',
    oneOf: [
      { required: ['url'] },
      { required: ['webhook_id'], properties: { headers: false } },
      { required: ['subscription_id'], properties: { headers: false, body: false } },
    ],
  });
