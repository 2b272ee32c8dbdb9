import { z } from 'zod';
import {
  defaultAcknowledgementTimeout,
  defaultAutoResolveTimeout,
  incidentReference,
  pendingActionTypes,
  urgencies,
} from '../../domain/incident/incident.ts';
import { actionTypes, transitionTypes } from '../../domain/incident/log-entry.ts';
import type { ActionRead, IncidentRead, LogEntryRead } from '../../stores/incident-reads.ts';
import {
  assignee,
  assignees,
  id,
  optionalText,
  page,
  queryList,
  text,
  timeout,
  timestamp,
  urgency,
} from '../fields.ts';

export const statuses = ['triggered', 'acknowledged', 'resolved'] as const;

const settings = z.strictObject({
  subscription_id: id
    .optional()
    .meta({ description: '`trigger-webhook`: the subscription to tell; the others ignore it.' }),
});

export const newAction = z
  .strictObject({ type: z.enum(actionTypes), settings: settings.default({}) })
  .superRefine((action, context) => {
    if (action.type === 'trigger-webhook' && action.settings.subscription_id === undefined)
      context.addIssue({ code: 'custom', path: ['settings', 'subscription_id'], message: 'is required' });
    if (action.type !== 'trigger-webhook' && action.settings.subscription_id !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['settings', 'subscription_id'],
        message: 'belongs to trigger-webhook alone',
      });
  });

const by = { by: id.nullable().default(null).meta({ description: 'The member who does it; else it is the key.' }) };

export const commandBody = z.strictObject(by);
export const actionBody = z.strictObject({ ...by, ...newAction.shape }).superRefine((body, context) => {
  const { error } = newAction.safeParse({ type: body.type, settings: body.settings });
  for (const issue of error?.issues ?? [])
    context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
});
export const resolveBody = z.strictObject({
  ...by,
  resolution: optionalText(15_000).nullable().default(null),
  root_cause: optionalText(15_000).nullable().default(null),
});

export const newIncident = z.strictObject({
  name: text(255),
  description: optionalText(15_000),
  urgency,
  assignees: assignees.default([]).meta({ description: 'Empty: the team.' }),
  actions: z.array(newAction).max(20).default([]).meta({ description: 'Run right after opening.' }),
  incident_key: text(255)
    .nullable()
    .default(null)
    .meta({ description: 'At most one incident of the team with this key is open.' }),
  acknowledgement_timeout: timeout.default(defaultAcknowledgementTimeout),
  auto_resolve_timeout: timeout.default(defaultAutoResolveTimeout),
});

const queryTime = z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-03-15T19:09:39Z' });

export const incidentQuery = z.strictObject({
  ...page,
  status: queryList(statuses),
  urgency: queryList(urgencies),
  since: queryTime.optional().meta({ description: 'Created at this time or later.' }),
  until: queryTime.optional().meta({ description: 'Created before this time.' }),
  text: text(200).optional().meta({ description: 'Part of the name or the description, in whatever case.' }),
  sort: z.enum(['-number', 'number']).default('-number'),
});

export const incident = z
  .object({
    id,
    number: z.int(),
    reference: z.string(),
    name: z.string(),
    description: z.string(),
    status: z.enum(statuses),
    urgency,
    team_id: id,
    ruleset_id: id.nullable(),
    webhook_id: id.nullable(),
    assignees: z.array(assignee),
    incident_key: z.string().nullable(),
    occurrences: z.int(),
    created_at: timestamp,
    acknowledged_at: timestamp.nullable(),
    resolved_at: timestamp.nullable(),
    resolution: z.string().nullable(),
    root_cause: z.string().nullable(),
    acknowledgement_timeout: z.int().nullable(),
    auto_resolve_timeout: z.int().nullable(),
    pending_actions: z
      .array(z.object({ type: z.enum(pendingActionTypes), at: timestamp }))
      .meta({ description: 'Timers, by time due.' }),
  })
  .meta({ id: 'Incident' });

export const logEntry = z
  .object({
    type: z.enum(transitionTypes),
    at: timestamp,
    agent: z.object({
      type: z.enum(['member', 'key', 'ruleset', 'timer', 'operator']),
      id: id.nullable(),
      name: z.string(),
    }),
    channel: z.enum(['api', 'event', 'timer', 'signal']),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'LogEntry' });

export const action = z
  .object({
    id,
    type: z.enum(actionTypes),
    trigger: z.enum(['manual', 'automated']),
    settings: z.object({ subscription_id: id.optional() }),
    at: timestamp,
  })
  .meta({ id: 'Action' });

export function presentIncident(row: IncidentRead): z.input<typeof incident> {
  return {
    id: row.id,
    number: row.number,
    reference: incidentReference(row.number),
    name: row.name,
    description: row.description,
    status: row.status,
    urgency: row.urgency,
    team_id: row.teamId,
    ruleset_id: row.rulesetId,
    webhook_id: row.webhookId,
    assignees: row.assignees,
    incident_key: row.incidentKey,
    occurrences: row.occurrences,
    created_at: row.createdAt,
    acknowledged_at: row.acknowledgedAt,
    resolved_at: row.resolvedAt,
    resolution: row.resolution,
    root_cause: row.rootCause,
    acknowledgement_timeout: row.acknowledgementTimeout,
    auto_resolve_timeout: row.autoResolveTimeout,
    pending_actions: row.pendingActions
      .map(({ type, at }) => ({ type, at }))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
  };
}

export function presentLogEntry({ type, at, agent, channel, details }: LogEntryRead): z.input<typeof logEntry> {
  return { type, at, agent: { type: agent.type, id: agent.id, name: agent.name }, channel, details };
}

export function presentAction(row: ActionRead): z.input<typeof action> {
  const { subscriptionId } = row.settings as { subscriptionId?: string | null };
  return {
    id: row.id,
    type: row.type as z.input<typeof action>['type'],
    trigger: row.trigger,
    settings: subscriptionId ? { subscription_id: subscriptionId } : {},
    at: row.at,
  };
}
