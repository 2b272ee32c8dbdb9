import { z } from 'zod';
import { defaultAcknowledgementTimeout, defaultAutoResolveTimeout } from '../../domain/incident/incident.ts';
import {
  longestDescription,
  longestLabel,
  longestName,
  ruleTypes,
  rulesetLevels,
  type Ruleset,
  type RulesetDraft,
} from '../../domain/ruleset/ruleset.ts';
import { mostConditions } from '../../domain/ruleset/validate-conditions.ts';
import { assignee, assignees, id, optionalText, text, timeout, timestamp, urgency, withMessage } from '../fields.ts';
import { condition, shownCondition } from './condition-schema.ts';
import { presentSupportHours, readSupportHours, shownSupportHours, supportHours } from './support-hours-schema.ts';

const template = 'A template, such as `{{payload.service}} is down`.';

const example = {
  rule_type: 'state-change' as const,
  conditions: [{ type: 'json-check', key: 'products[0].count', operator: 'equal', values: ['10'] }],
  level: 'team' as const,
  team_id: 'c03b02ec-244f-4d2c-8f68-3910071ed5c8',
  name: '{{payload.shop}} is running out of socks',
  description: 'Reported by {{webhook.name}} at {{received_at}}.',
  incident_key: '{{payload.shop}}',
  urgency: 'medium' as const,
  assignees: [{ type: 'team' as const, id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed' }],
};

/** A ruleset as callers give it, before anything is said about what may be left out. */
export const fields = {
  rule_type: z.enum(ruleTypes).meta({
    description:
      '`webhook`: every occurrence whose conditions hold; `state-change`: also resolves when they hold no more.',
  }),
  conditions: z.array(condition).max(mostConditions).meta({ description: 'All must hold; none: every event matches.' }),
  level: z.enum(rulesetLevels).meta({ description: 'In whose list it stands.' }),
  team_id: id.meta({ description: 'The team that owns the incidents it opens.' }),
  name: text(longestName).meta({ description: `Of the incidents. ${template}` }),
  description: optionalText(longestDescription).meta({ description: `Of the incidents. ${template}` }),
  incident_key: text(longestName)
    .nullable()
    .meta({
      description:
        'A template: occurrences that give it the same text belong to one incident. Null: the key of the sender, else one for all.',
      examples: ['{{payload.alert.id}}'],
    }),
  urgency,
  severity: text(longestLabel).nullable(),
  priority: text(longestLabel).nullable(),
  assignees: assignees.meta({ description: 'Empty: the team.' }),
  webhook_id: id.nullable().meta({ description: 'Only events of this webhook.' }),
  enabled: z.boolean().meta({ description: 'False: kept, and opens nothing.' }),
  acknowledgement_timeout: timeout.meta({
    description: 'Seconds until an acknowledged incident is triggered again; null: never.',
  }),
  auto_resolve_timeout: timeout.meta({ description: 'Seconds until an incident resolves itself; null: never.' }),
  quiet_resolve: timeout.meta({
    description: 'Seconds without a matching occurrence after which an incident resolves itself; null: never.',
  }),
  escalation_policy_id: id
    .nullable()
    .meta({ description: 'Whom the incidents ask, one level after the other, instead of `assignees`; null: none.' }),
  support_hours: supportHours.nullable(),
};

export const newRuleset = z
  .strictObject({
    ...fields,
    incident_key: fields.incident_key.default(null),
    severity: fields.severity.default(null),
    priority: fields.priority.default(null),
    assignees: fields.assignees.default([]),
    webhook_id: fields.webhook_id.default(null),
    enabled: fields.enabled.default(true),
    acknowledgement_timeout: fields.acknowledgement_timeout.default(defaultAcknowledgementTimeout),
    auto_resolve_timeout: fields.auto_resolve_timeout.default(defaultAutoResolveTimeout),
    quiet_resolve: fields.quiet_resolve.default(null),
    escalation_policy_id: fields.escalation_policy_id.default(null),
    support_hours: fields.support_hours.default(null),
  })
  .meta({ examples: [example] });

export const changedRuleset = z
  .strictObject(fields)
  .partial()
  .meta({ examples: [example, { enabled: false }] });

export const ruleset = z
  .object({
    id,
    number: z.int(),
    version: z.int().meta({ description: 'Counts its changes; an incident names the one that opened it.' }),
    rule_type: z.enum(ruleTypes),
    conditions: z.array(shownCondition),
    level: z.enum(rulesetLevels),
    team_id: id,
    name: z.string(),
    description: z.string(),
    incident_key: z.string().nullable(),
    urgency,
    severity: z.string().nullable(),
    priority: z.string().nullable(),
    assignees: z.array(assignee),
    webhook_id: id.nullable(),
    enabled: z.boolean(),
    acknowledgement_timeout: z.int().nullable(),
    auto_resolve_timeout: z.int().nullable(),
    quiet_resolve: z.int().nullable(),
    escalation_policy_id: id.nullable(),
    support_hours: shownSupportHours.nullable(),
    created_at: timestamp,
  })
  .meta({
    id: 'Ruleset',
    examples: [
      {
        id: '0198f7c1-5a3e-7c61-9d0b-0f7f8f1f2a3b',
        number: 3,
        version: 1,
        ...example,
        severity: 'SEV2',
        priority: null,
        webhook_id: null,
        enabled: true,
        acknowledgement_timeout: defaultAcknowledgementTimeout,
        auto_resolve_timeout: defaultAutoResolveTimeout,
        quiet_resolve: null,
        escalation_policy_id: '01993c4e-1f00-7a11-8b22-3c4d5e6f7081',
        support_hours: null,
        created_at: '2026-11-21T05:09:43.120Z',
      },
    ],
  });

export const storedRuleset = withMessage(ruleset, 'StoredRuleset', 'The ruleset was updated.');

export function draftOf(body: z.output<typeof newRuleset>): RulesetDraft {
  return {
    ruleType: body.rule_type,
    conditions: body.conditions,
    level: body.level,
    teamId: body.team_id,
    name: body.name,
    description: body.description,
    incidentKey: body.incident_key,
    urgency: body.urgency,
    severity: body.severity,
    priority: body.priority,
    assignees: body.assignees,
    webhookId: body.webhook_id,
    enabled: body.enabled,
    acknowledgementTimeout: body.acknowledgement_timeout,
    autoResolveTimeout: body.auto_resolve_timeout,
    quietResolve: body.quiet_resolve,
    escalationPolicyId: body.escalation_policy_id,
    supportHours: body.support_hours && readSupportHours(body.support_hours),
  };
}

/** A ruleset in the fields of the API. */
export function bodyOf(stored: RulesetDraft): z.output<typeof newRuleset> {
  return {
    rule_type: stored.ruleType,
    conditions: stored.conditions,
    level: stored.level,
    team_id: stored.teamId,
    name: stored.name,
    description: stored.description,
    incident_key: stored.incidentKey,
    urgency: stored.urgency,
    severity: stored.severity,
    priority: stored.priority,
    assignees: stored.assignees,
    webhook_id: stored.webhookId,
    enabled: stored.enabled,
    acknowledgement_timeout: stored.acknowledgementTimeout,
    auto_resolve_timeout: stored.autoResolveTimeout,
    quiet_resolve: stored.quietResolve,
    escalation_policy_id: stored.escalationPolicyId,
    support_hours: stored.supportHours && presentSupportHours(stored.supportHours),
  };
}

export function presentRuleset(row: Ruleset): z.input<typeof ruleset> {
  return { id: row.id, number: row.number, version: row.version, ...bodyOf(row), created_at: row.createdAt };
}
