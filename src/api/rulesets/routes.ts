import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { ApiDeps } from '../deps.ts';
import { nextCursor, page } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { checkRuleset, draftOf, newRuleset, presentRuleset, ruleset } from './schema.ts';

export function createRulesetRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/ruleset',
      summary: 'Create a ruleset',
      tag: 'Rulesets',
      role: 'command',
      auth: 'key',
      body: newRuleset,
      checkBody: checkRuleset,
      responses: { 201: ruleset },
      refusals: [],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const result = await stores.rulesets.create(key.organisationId, draftOf(body), tx);
          if ('errors' in result) throw new Refusal('invalid_fields', 'Some fields are invalid.', result.errors);
          return { status: 201 as const, body: presentRuleset(result.ruleset) };
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
