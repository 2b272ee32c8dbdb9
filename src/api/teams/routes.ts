import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { email, nextCursor, page, pathId, text, timeZone } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { member, presentMember, presentTeam, team } from './schema.ts';

export function createTeamRoutes({ stores, cursors }: ApiDeps): Route[] {
  async function requireTeam(organisationId: string, teamId: string): Promise<void> {
    if (!(await stores.teams.get(organisationId, teamId))) throw notFound();
  }

  return [
    defineRoute({
      method: 'POST',
      path: '/v1/team',
      summary: 'Create a team',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      body: z.strictObject({ name: text(255), time_zone: timeZone.default('UTC') }),
      responses: { 201: team },
      refusals: [],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const draft = { name: body.name, timeZone: body.time_zone };
          return { status: 201 as const, body: presentTeam(await stores.teams.create(key.organisationId, draft, tx)) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/teams',
      summary: 'List teams, oldest first',
      tag: 'Teams',
      role: 'query',
      auth: 'key',
      query: z.strictObject(page),
      responses: { 200: z.object({ teams: z.array(team), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'teams', organisationId },
          query,
          (limit, after) => stores.teams.list(organisationId, { limit, after: after?.[0] as number | undefined }),
          ({ number }) => [number],
        );
        return { status: 200, body: { teams: rows.map(presentTeam), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/member',
      summary: 'Add a member to a team',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      params: pathId,
      body: z.strictObject({ name: text(255), email, time_zone: timeZone.nullable().default(null) }),
      responses: { 201: member },
      refusals: ['already_exists'],
      handler: async ({ key: { organisationId }, params, body, transaction }) => {
        await requireTeam(organisationId, params.id);
        return transaction(async (tx) => {
          const draft = { teamId: params.id, name: body.name, email: body.email, timeZone: body.time_zone };
          const created = await stores.members.create(organisationId, draft, tx);
          if (!created)
            throw new Refusal('already_exists', 'The team has a member with this e-mail address.', [
              { field: 'email', message: 'belongs to a member of the team' },
            ]);
          return { status: 201 as const, body: presentMember(created) };
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/members',
      summary: 'List the members of a team, oldest first',
      tag: 'Teams',
      role: 'query',
      auth: 'key',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ members: z.array(member), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        await requireTeam(organisationId, params.id);
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'members', organisationId, filters: { team: params.id } },
          query,
          (limit, after) =>
            stores.members.list(organisationId, params.id, { limit, after: after?.[0] as string | undefined }),
          ({ id }) => [id],
        );
        return { status: 200, body: { members: rows.map(presentMember), next_cursor: nextCursor } };
      },
    }),
  ];
}
