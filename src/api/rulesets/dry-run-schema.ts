import { z } from 'zod';
import type { FieldError } from '../../domain/error-code.ts';
import { longestFound } from '../../domain/ruleset/evaluate.ts';
import type { Condition } from '../../domain/ruleset/ruleset.ts';
import { occurrenceActions } from '../../inbound/source.ts';
import { id, timestamp } from '../fields.ts';
import { moment } from '../schedules/times.ts';
import { checkRuleset } from './check-ruleset.ts';
import type { Tried } from './dry-run.ts';
import { shownCondition } from './condition-schema.ts';
import { newRuleset } from './schema.ts';

const mostEvents = 200;
const eitherOr = 'give either ruleset or ruleset_id';

export const dryRun = z
  .strictObject({
    ruleset: newRuleset.optional().meta({ description: 'A draft, as `POST /v1/ruleset` takes it.' }),
    ruleset_id: id.optional().meta({ description: 'Instead of `ruleset`: one that is stored, enabled or not.' }),
    webhook_id: id.optional().meta({ description: "Only events of this webhook; else the ruleset's, else all." }),
    since: moment.optional().meta({ description: 'Only events received from then on.' }),
    until: moment.optional().meta({ description: 'Only events received before.' }),
    limit: z.int().min(1).max(mostEvents).default(50).meta({ description: 'The newest so many.' }),
  })
  .refine(({ ruleset, ruleset_id }) => (ruleset === undefined) !== (ruleset_id === undefined), {
    error: eitherOr,
    path: ['ruleset'],
  })
  .meta({
    description: 'Exactly one of `ruleset` and `ruleset_id`.',
    oneOf: [{ required: ['ruleset'] }, { required: ['ruleset_id'] }],
    examples: [{ ruleset_id: '0198f7c1-5a3e-7c61-9d0b-0f7f8f1f2a3b', since: '2026-11-20T00:00:00Z', limit: 20 }],
  });

const triedCondition = shownCondition.extend({
  holds: z.boolean(),
  missing: z.boolean().meta({ description: 'Its key led nowhere.' }),
  found: z
    .string()
    .nullable()
    .meta({ description: `What it looked at, cut to ${longestFound} characters; null when it is missing.` }),
});

const triedOccurrence = z
  .object({
    event_id: id,
    webhook_id: id,
    received_at: timestamp,
    occurrence: z.int().meta({ description: 'Which alert of the event, counted from 0.' }),
    action: z.enum(occurrenceActions).meta({ description: 'What its sender says of the problem.' }),
    dedup_key: z.string().nullable().meta({ description: "The sender's own name for the problem." }),
    matched: z.boolean(),
    verdict: z.enum(['holds', 'fails', 'no_evidence']).meta({
      description: '`no_evidence`: the ruleset is not about this event, or cannot tell from it.',
    }),
    outcome: z.enum(['open', 'join', 'resolve', 'none']),
    reason: z.string().nullable().meta({
      description:
        'Why it could not match: `empty`, `not_utf8`, `not_json`, `too_deep`, `not_a_trigger` of what acknowledges or resolves, or `other_webhook` when the ruleset does not listen to it.',
    }),
    incident_key: z.string(),
    name: z.string().optional().meta({ description: 'Of the incident, where it would open one.' }),
    description: z.string().optional(),
    conditions: z.array(triedCondition),
  })
  .meta({
    id: 'TriedOccurrence',
    examples: [
      {
        event_id: '0198f7c2-0c11-7b52-8b53-5a1f0f2e7d10',
        webhook_id: 'c03b02ec-244f-4d2c-8f68-3910071ed5c8',
        received_at: '2026-11-21T05:09:43.120000Z',
        occurrence: 0,
        action: 'trigger',
        dedup_key: null,
        matched: true,
        verdict: 'holds',
        outcome: 'open',
        reason: null,
        incident_key: 'db-1',
        name: 'db-1 is down',
        description: 'Seen by Probe.',
        conditions: [
          {
            type: 'json-check',
            key: 'status',
            operator: 'not-equal',
            values: ['up'],
            holds: true,
            missing: false,
            found: 'down',
          },
        ],
      },
    ],
  });

const count = z.int();

export const dryRunAnswer = z.object({
  events: z.array(triedOccurrence).meta({ description: 'Oldest first.' }),
  summary: z
    .object({
      events: count.meta({ description: 'Looked at.' }),
      matched: count.meta({ description: 'Occurrences whose conditions hold.' }),
      opened: count,
      joined: count,
      resolved: count.meta({ description: 'Incidents, timers included.' }),
    })
    .meta({ examples: [{ events: 20, matched: 1, opened: 1, joined: 0, resolved: 0 }] }),
  truncated: z.boolean().meta({
    description: 'Later events were not looked at: evaluating took too long, or the answer became too large.',
    examples: [false],
  }),
});

/** What the schema cannot say of a dry run. */
export function checkDryRun(given: unknown): FieldError[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
  const { ruleset, ruleset_id, since, until } = given as Record<string, unknown>;
  const errors: FieldError[] = [];
  if ((ruleset === undefined) === (ruleset_id === undefined)) errors.push({ field: 'ruleset', message: eitherOr });
  const [from, to] = [moment.safeParse(since), moment.safeParse(until)];
  if (from.success && to.success && from.data >= to.data)
    errors.push({ field: 'until', message: 'must be later than since' });
  return [...errors, ...checkRuleset(ruleset).map(withinRuleset)];
}

export function withinRuleset({ field, message }: FieldError): FieldError {
  return { field: `ruleset.${field}`, message };
}

export function presentTried(
  { event, occurrence, action, dedupKey, evaluation, outcome, reason, incidentKey, texts }: Tried,
  conditions: Condition[],
): z.input<typeof triedOccurrence> {
  return {
    event_id: event.id,
    webhook_id: event.webhookId,
    received_at: event.receivedAt,
    occurrence,
    action,
    dedup_key: dedupKey,
    matched: evaluation.verdict === 'holds',
    verdict: evaluation.verdict,
    outcome,
    reason,
    incident_key: incidentKey,
    ...texts,
    conditions: evaluation.conditions.map((found, index) => ({ ...conditions[index]!, ...found })),
  };
}
