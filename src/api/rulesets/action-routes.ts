import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { draftsOf, newActions, presentRulesetAction, rulesetAction } from '../actions/schema.ts';
import { refusedUrls, unknownTargets } from '../actions/unknown-targets.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { messageOf, pathId } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';

const rulesetActions = z.object({ actions: z.array(rulesetAction) });

export function createRulesetActionRoutes(deps: ApiDeps): Route[] {
  const { stores } = deps;
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/ruleset/{id}/actions',
      summary: 'List what a ruleset does when it fires',
      tag: 'Rulesets',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: rulesetActions },
      refusals: [],
      handler: async ({ key: { organisationId }, params }) => {
        const ruleset = await stores.rulesets.get(organisationId, params.id);
        if (!ruleset) throw notFound();
        const actions = await stores.actionDefinitions.ofRuleset(organisationId, params.id);
        return { status: 200, body: { actions: actions.map((one) => presentRulesetAction(one, ruleset)) } };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/ruleset/{id}/actions',
      summary: 'Replace what a ruleset does when it fires',
      description:
        'They run for each incident that the ruleset opens. Those with an `id` stay under it, those left out go. Incidents that are open keep what they began with.',
      tag: 'Rulesets',
      role: 'command',
      auth: 'key',
      permission: 'manage_rulesets',
      params: pathId,
      body: z.strictObject({ actions: newActions }),
      responses: { 200: rulesetActions.extend(messageOf('The actions were updated.').shape) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, body, transaction }) => {
        const ruleset = await stores.rulesets.get(organisationId, params.id);
        if (!ruleset) throw notFound();
        const drafts = draftsOf(body.actions);
        const refused = await refusedUrls(deps, drafts);
        return transaction(async (tx) => {
          const faults = [...refused, ...(await unknownTargets(deps, organisationId, drafts, tx))];
          const result = await stores.actionDefinitions.replaceOfRuleset(organisationId, params.id, drafts, tx);
          if (!result) throw notFound();
          if ('errors' in result) faults.push(...result.errors);
          if ('errors' in result || faults.length > 0)
            throw new Refusal('invalid_fields', 'Some fields are invalid.', faults);
          const actions = result.actions.map((one) => presentRulesetAction(one, ruleset));
          return { status: 200 as const, body: { message: 'The actions were updated.', actions } };
        });
      },
    }),
  ];
}
