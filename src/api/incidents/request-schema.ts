import { z } from 'zod';
import { longestDelay, mostLevels } from '../../domain/escalation/policy.ts';
import {
  defaultAcknowledgementTimeout,
  defaultAutoResolveTimeout,
  responderReplies,
  urgencies,
} from '../../domain/incident/incident.ts';
import { visibilities } from '../../domain/incident/snapshot.ts';
import { longestLabel } from '../../domain/ruleset/ruleset.ts';
import { actionBody, newActions } from '../actions/schema.ts';
import { assignees, httpUrl, id, optionalText, page, queryList, queryTime, text, timeout, urgency } from '../fields.ts';
import { by } from './agent.ts';

export const statuses = ['triggered', 'acknowledged', 'resolved'] as const;

export const commandBody = z.strictObject(by);
export const runBody = actionBody(by);

export const resolveTexts = {
  resolution: optionalText(15_000).nullable().default(null),
  root_cause: optionalText(15_000).nullable().default(null),
};
export const resolveBody = z.strictObject({ ...by, ...resolveTexts });

export const snoozeBody = z
  .strictObject({
    ...by,
    duration: z
      .int('must be a whole number of seconds')
      .min(1, 'must be 1 second or more')
      .max(longestDelay, `must be at most ${longestDelay} seconds`),
  })
  .meta({ examples: [{ duration: 3_600 }] });

export const escalateBody = z.strictObject({
  ...by,
  level: z
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(mostLevels, `must be at most ${mostLevels}`)
    .nullable()
    .default(null)
    .meta({ description: 'Counted from 1; null: the next one.' }),
});

export const reassignBody = z
  .strictObject({ ...by, assignees: assignees.min(1, 'must name somebody') })
  .meta({ examples: [{ assignees: [{ type: 'member', id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d' }] }] });

export const delegateBody = z
  .strictObject({ ...by, escalation_policy_id: id })
  .meta({ examples: [{ escalation_policy_id: '01993c4e-1f00-7a11-8b22-3c4d5e6f7081' }] });

export const responderBody = z
  .strictObject({ ...by, member_id: id, message: optionalText(1_000).default('') })
  .meta({ examples: [{ member_id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d', message: 'You know the cache best.' }] });

export const replyBody = z
  .strictObject({ ...by, member_id: id, reply: z.enum(responderReplies) })
  .meta({ examples: [{ member_id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d', reply: 'accepted' }] });

export const noteBody = z
  .strictObject({ ...by, content: text(15_000) })
  .meta({ examples: [{ content: 'The cache was cold after the deploy.' }] });

export const statusUpdateBody = z
  .strictObject({ ...by, message: text(15_000) })
  .meta({ examples: [{ message: 'Orders work again in Europe.' }] });

export const bridgeBody = z
  .strictObject({ ...by, number: text(100).nullable().default(null), url: httpUrl.nullable().default(null) })
  .meta({ examples: [{ number: '+1 415 555 0100,,1234#', url: 'https://meet.example.com/checkout' }] });

const label = text(longestLabel).nullable();
export const priorityBody = z.strictObject({ ...by, priority: label }).meta({ examples: [{ priority: 'P1' }] });
export const severityBody = z.strictObject({ ...by, severity: label }).meta({ examples: [{ severity: 'SEV1' }] });
export const urgencyBody = z.strictObject({ ...by, urgency }).meta({ examples: [{ urgency: 'low' }] });

const mostMerged = 50;
export const mergeBody = z
  .strictObject({
    ...by,
    incident_ids: z
      .array(id)
      .min(1, 'must name one incident or more')
      .max(mostMerged, `must name at most ${mostMerged} incidents`),
  })
  .meta({ examples: [{ incident_ids: ['01993c53-1d22-7f13-9a3b-2c3d4e5f6071'] }] });

export const newIncident = z
  .strictObject({
    name: text(255),
    description: optionalText(15_000),
    urgency,
    assignees: assignees.default([]).meta({ description: 'Empty: the team.' }),
    severity: text(longestLabel)
      .nullable()
      .default(null)
      .meta({ description: 'In the words of the organisation: `SEV1`.' }),
    priority: text(longestLabel).nullable().default(null).meta({ description: 'Likewise: `P2`.' }),
    visibility: z
      .enum(visibilities)
      .default('public')
      .meta({ description: '`private`: told only to subscriptions that include private incidents. It stays so.' }),
    actions: newActions.default([]).meta({ description: 'Run right after opening.' }),
    incident_key: text(255)
      .nullable()
      .default(null)
      .meta({ description: 'At most one incident of the team with this key is open.' }),
    acknowledgement_timeout: timeout.default(defaultAcknowledgementTimeout),
    auto_resolve_timeout: timeout.default(defaultAutoResolveTimeout),
    quiet_resolve: timeout
      .default(null)
      .meta({ description: 'Seconds without a further occurrence after which it resolves itself; null: never.' }),
    escalation_policy_id: id
      .nullable()
      .default(null)
      .meta({ description: 'Whom it asks, one level after the other, instead of `assignees`; null: none.' }),
  })
  .meta({
    examples: [
      {
        name: 'Checkout is failing',
        description: 'Orders fail with 503.',
        urgency: 'high',
        assignees: [{ type: 'schedule', id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091' }],
        actions: [{ type: 'trigger-alerts' }],
      },
    ],
  });

/** What is left out stays. */
export const incidentUpdate = z
  .strictObject({
    ...by,
    name: text(255).optional(),
    description: optionalText(15_000).optional(),
    urgency: urgency.optional(),
    severity: label.optional(),
    priority: label.optional(),
    assignees: assignees.optional().meta({ description: 'Empty: the team.' }),
    actions: newActions
      .optional()
      .meta({ description: 'Run, but for those that the incident has had: the same type with the same settings.' }),
    status: z
      .enum(statuses)
      .optional()
      .meta({ description: 'As by the commands; `triggered` takes an acknowledgement back.' }),
    resolution: optionalText(15_000).optional(),
    root_cause: optionalText(15_000).optional(),
  })
  .meta({
    examples: [
      { urgency: 'low', description: 'Only one region is left.' },
      { status: 'resolved', resolution: 'Restarted', root_cause: 'A leak in the connection pool' },
    ],
  });

export const incidentQuery = z.strictObject({
  ...page,
  status: queryList(statuses),
  urgency: queryList(urgencies),
  visibility: queryList(visibilities),
  since: queryTime.optional().meta({ description: 'Created at this time or later.' }),
  until: queryTime.optional().meta({ description: 'Created before this time.' }),
  text: text(200).optional().meta({ description: 'Part of the name or the description, in whatever case.' }),
  sort: z.enum(['-number', 'number']).default('-number'),
});
