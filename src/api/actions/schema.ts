import { z } from 'zod';
import {
  redacted,
  type ActionDraft,
  type ActionSettings,
  type SettingsDraft,
} from '../../domain/action/action-draft.ts';
import { actionTypes } from '../../domain/incident/log-entry.ts';
import type { Ruleset } from '../../domain/ruleset/ruleset.ts';
import type { StoredAction } from '../../stores/action-definitions.ts';
import { id } from '../fields.ts';
import { answeredEndpoints, endpointsOf, parent, target } from './endpoints.ts';
import { knownId } from './known-id.ts';
import { webhookSettings } from './webhook-settings.ts';

const mostActions = 20;
const mostSettings = 20;

const componentSettings = z
  .strictObject({ id: knownId, status_page_id: id, component_id: id, ...answeredEndpoints })
  .meta({ id: 'ComponentSettings' });

/** An empty object. Not a strict one, whose faults would stand for those of the shape that was meant. */
const nothing = z.record(z.string(), z.never());

/** The shape of each type's action; `shape` is what else may stand beside it. */
function actionUnion<Shape extends z.ZodRawShape>(shape: Shape) {
  const components = z.array(componentSettings).max(mostSettings, `must be at most ${mostSettings}`);
  const webhooks = z.array(webhookSettings).max(mostSettings, `must be at most ${mostSettings}`);
  return z.discriminatedUnion('type', [
    z.strictObject({
      ...shape,
      id: knownId,
      type: z.literal('trigger-alerts'),
      settings: z
        .union([componentSettings, components, nothing])
        .optional()
        .meta({ description: 'Kept and shown; alerting needs none.' }),
    }),
    z.strictObject({
      ...shape,
      id: knownId,
      type: z.literal('trigger-webhook'),
      settings: z.union([webhookSettings, webhooks.min(1, 'must name one target or more')]),
    }),
    z.strictObject({
      ...shape,
      id: knownId,
      type: z.literal('trigger-statuspage-update'),
      settings: z.union([componentSettings, components.min(1, 'must name one component or more')]),
    }),
  ]);
}

export const newAction = actionUnion({}).meta({
  id: 'NewAction',
  description: 'Something to run. A new one has no `id`, or an empty one.',
  examples: [
    { type: 'trigger-alerts' },
    {
      type: 'trigger-statuspage-update',
      settings: [
        {
          status_page_id: '01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11',
          component_id: '01993c4f-1b7e-7a02-8c55-0f9c5b7d2a90',
        },
      ],
    },
    {
      type: 'trigger-webhook',
      settings: {
        url: 'https://hooks.example.com/restart',
        headers: { Authorization: 'Bearer token' },
        body: { text: '{{incident.name}}', urgency: '{{incident.urgency}}' },
      },
    },
  ],
});
export const newActions = z.array(newAction).max(mostActions, `must be at most ${mostActions}`);
/** One action as a body of its own. */
export const actionBody = actionUnion;

const actionSettings = z
  .object({
    id: id.optional(),
    status_page_id: id.optional(),
    component_id: id.optional(),
    url: z.string().optional(),
    webhook_id: id.optional(),
    subscription_id: id.optional(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
  })
  .meta({ id: 'ActionSettings', description: 'Header values are not shown.' });

export const settingsList = z.array(actionSettings);

const rulesetSettings = actionSettings
  .extend({
    source: z
      .object({ type: z.enum(['webhook', 'ruleset']), id })
      .meta({ description: 'What is watched: the webhook that the ruleset listens to, or else the ruleset itself.' }),
    target,
    parent,
  })
  .meta({ id: 'RulesetActionSettings', description: 'Header values are not shown.' });

export const rulesetAction = z.object({ id, type: z.enum(actionTypes), settings: z.array(rulesetSettings) }).meta({
  id: 'RulesetAction',
  description: 'Can be sent back as it is.',
  examples: [
    {
      id: '01993c52-6d3c-7b1e-a0a5-9c1f1d2b7e41',
      type: 'trigger-webhook',
      settings: [
        {
          id: '01993c52-6d3d-7f80-8d3a-5e6a7b8c9d0e',
          url: 'https://hooks.example.com/restart',
          headers: { Authorization: redacted },
          body: { text: '{{incident.name}}' },
          source: { type: 'ruleset', id: '01993c50-2f6e-7a90-8b1c-7d8e9fa0b1c2' },
          target: { type: 'url', id: null, url: 'https://hooks.example.com/restart' },
          parent: null,
        },
      ],
    },
  ],
});

/** `field` is where the list stands in the body; empty for an action that is the body. */
export function draftsOf(actions: z.output<typeof newAction>[], field = 'actions'): ActionDraft[] {
  return actions.map((action, index) => draftOf(action, `${field}[${index}]`));
}

export function draftOf(action: z.output<typeof newAction>, field = ''): ActionDraft {
  const { settings } = action;
  const place = field === '' ? 'settings' : `${field}.settings`;
  // An empty object is none, too.
  const given: Record<string, unknown>[] = [settings ?? []].flat().filter((one) => Object.keys(one).length > 0);
  return {
    field,
    id: action.id || null,
    type: action.type,
    settings: given.map((one, at) => settingsOf(one, Array.isArray(settings) ? `${place}[${at}]` : place)),
  };
}

function settingsOf(given: ActionSettings & Record<string, unknown>, field: string): SettingsDraft {
  const { id: known, headers, body, source, target, parent, ...values } = given;
  void [source, target, parent];
  // No body is not a body of null: there is nothing to send it as.
  const withBody = body === undefined || body === null ? values : { ...values, body };
  return {
    field,
    id: known || null,
    values: withBody,
    headers: headers && Object.keys(headers).length > 0 ? headers : null,
  };
}

export function presentRulesetAction(
  { id: actionId, type, settings }: StoredAction,
  { id: rulesetId, webhookId }: Pick<Ruleset, 'id' | 'webhookId'>,
): z.input<typeof rulesetAction> {
  const source =
    webhookId === null ? { type: 'ruleset' as const, id: rulesetId } : { type: 'webhook' as const, id: webhookId };
  return {
    id: actionId,
    type,
    settings: settings.map((one) => ({ ...presentSettings(one), source, ...endpointsOf(one) })),
  };
}

/** Named one by one: what is not named does not leave. */
export function presentSettings(one: ActionSettings): z.input<typeof actionSettings> {
  return {
    id: one.id,
    status_page_id: one.status_page_id,
    component_id: one.component_id,
    url: one.url,
    webhook_id: one.webhook_id,
    subscription_id: one.subscription_id,
    headers: one.headers,
    body: one.body,
  };
}
