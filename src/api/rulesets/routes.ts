import { z } from 'zod';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import type { Ruleset, RulesetDraft } from '../../domain/ruleset/ruleset.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import { type ChangedService, recordServiceChange, recordServiceUpdate } from '../../stores/service-events.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { messageOf, nextCursor, page, pathId } from '../fields.ts';
import { agentOfKey } from '../incidents/agent.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { changeRuleset, checkRuleset } from './check-ruleset.ts';
import { createDryRunRoute } from './dry-run-route.ts';
import { changedRuleset, draftOf, newRuleset, presentRuleset, ruleset, storedRuleset } from './schema.ts';

export function createRulesetRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors } = deps;
  return [
    createDryRunRoute(deps),
    defineRoute({
      method: 'POST',
      path: '/v1/ruleset',
      summary: 'Create a ruleset',
      tag: 'Rulesets',
      role: 'command',
      auth: 'key',
      permission: 'manage_rulesets',
      body: newRuleset,
      checkBody: checkRuleset,
      responses: { 201: ruleset },
      refusals: [],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const created = storedOf(await stores.rulesets.create(key.organisationId, draftOf(body), tx));
          await recordServiceChange(tx, key.organisationId, { ...serviceOf(key, created.id), change: 'created' });
          return { status: 201 as const, body: presentRuleset(created) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/ruleset/{id}',
      summary: 'Show a ruleset',
      tag: 'Rulesets',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: ruleset },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.rulesets.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: presentRuleset(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/ruleset/{id}',
      summary: 'Change a ruleset',
      description: 'Fields left out stay as they are. Incidents that are open keep what they began with.',
      tag: 'Rulesets',
      role: 'command',
      auth: 'key',
      permission: 'manage_rulesets',
      params: pathId,
      body: changedRuleset,
      checkBody: checkRuleset,
      responses: { 200: storedRuleset },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = (stored: RulesetDraft) => changeRuleset(stored, body);
          const service = serviceOf(key, params.id);
          const result = await recordServiceUpdate(tx, key.organisationId, service, () =>
            stores.rulesets.update(key.organisationId, params.id, change, tx),
          );
          if (!result) throw notFound();
          const changed = presentRuleset(storedOf(result));
          return { status: 200 as const, body: { message: 'The ruleset was updated.', ...changed } };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/ruleset/{id}',
      summary: 'Delete a ruleset',
      description: 'It opens nothing any more. Incidents that it opened go on, and still name it.',
      tag: 'Rulesets',
      role: 'command',
      auth: 'key',
      permission: 'manage_rulesets',
      params: pathId,
      responses: { 200: messageOf('Ruleset deleted.') },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          if (!(await stores.rulesets.remove(key.organisationId, params.id, tx))) throw notFound();
          await recordServiceChange(tx, key.organisationId, { ...serviceOf(key, params.id), change: 'deleted' });
          return { status: 200 as const, body: { message: 'Ruleset deleted.' } };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/rulesets',
      summary: 'List rulesets by level, oldest first',
      description: 'A page holds `limit` rulesets of both levels together.',
      tag: 'Rulesets',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      query: z.strictObject(page),
      responses: {
        200: z.object({ team: z.array(ruleset), organisation: z.array(ruleset), next_cursor: nextCursor }),
      },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'rulesets', organisationId },
          query,
          (limit, after) => stores.rulesets.list(organisationId, { limit, after: after?.[0] as number | undefined }),
          ({ number }) => [number],
        );
        const atLevel = (level: string) => rows.filter((row) => row.level === level).map(presentRuleset);
        return {
          status: 200,
          body: { team: atLevel('team'), organisation: atLevel('organisation'), next_cursor: nextCursor },
        };
      },
    }),
  ];
}

function serviceOf(key: ApiKey, id: string): ChangedService {
  return { type: 'ruleset', id, agent: agentOfKey(key) };
}

function storedOf(result: { ruleset: Ruleset } | { errors: FieldError[] }): Ruleset {
  if ('errors' in result) throw new Refusal('invalid_fields', 'Some fields are invalid.', result.errors);
  return result.ruleset;
}
