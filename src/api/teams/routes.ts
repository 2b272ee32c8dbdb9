import { z } from 'zod';
import type { ApiKey } from '../../stores/api-keys.ts';
import { type ChangedService, recordServiceChange, recordServiceUpdate } from '../../stores/service-events.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { agentOfKey } from '../incidents/agent.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { createMemberRoutes } from './member-routes.ts';
import { changedTeam, newTeam, presentTeam, team } from './schema.ts';

export function createTeamRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors } = deps;
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/team',
      summary: 'Create a team',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      body: newTeam,
      responses: { 201: team },
      refusals: [],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const draft = { name: body.name, timeZone: body.time_zone };
          const created = await stores.teams.create(key.organisationId, draft, tx);
          await recordServiceChange(tx, key.organisationId, { ...serviceOf(key, created.id), change: 'created' });
          return { status: 201 as const, body: presentTeam(created) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/teams',
      summary: 'List teams, oldest first',
      tag: 'Teams',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
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
      method: 'GET',
      path: '/v1/team/{id}',
      summary: 'One team',
      tag: 'Teams',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: team },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.teams.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: presentTeam(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/team/{id}',
      summary: 'Change a team',
      description:
        'Fields left out stay as they are. The schedule follows a new time zone from now on; who was on call before stays as it was.',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: pathId,
      body: changedTeam,
      responses: { 200: team },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = { name: body.name, timeZone: body.time_zone };
          const service = serviceOf(key, params.id);
          const changed = await recordServiceUpdate(tx, key.organisationId, service, () =>
            stores.teams.update(key.organisationId, params.id, change, tx),
          );
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentTeam(changed) };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/team/{id}',
      summary: 'Delete a team',
      description:
        'Refused while it is the default team, has members, or is named by rulesets, open incidents, schedule entries or overrides. Its incidents that are over stay.',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: pathId,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.teams.remove(key.organisationId, params.id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('team', left);
          await recordServiceChange(tx, key.organisationId, { ...serviceOf(key, params.id), change: 'deleted' });
          return { status: 200 as const, body: { message: 'The team was deleted.' } };
        }),
    }),
    ...createMemberRoutes(deps),
  ];
}

function serviceOf(key: ApiKey, id: string): ChangedService {
  return { type: 'team', id, agent: agentOfKey(key) };
}
