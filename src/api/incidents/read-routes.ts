import { z } from 'zod';
import { type ApiKey, viewerOf } from '../../stores/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { action, presentAction } from './action-schema.ts';
import { incidentQuery } from './request-schema.ts';
import { incident, logEntry, presentIncident, presentLogEntry } from './schema.ts';
import { requireIncident } from './send-command.ts';

const incidentList = z.object({ incidents: z.array(incident), next_cursor: nextCursor });

export function createReadRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors } = deps;
  const { incidentReads: reads } = stores;

  async function list(key: ApiKey, teamId: string | undefined, query: z.output<typeof incidentQuery>) {
    const { organisationId } = key;
    const { status: statuses, urgency: urgencies, visibility: visibilities, since, until, text, sort } = query;
    const filter = { teamId, statuses, urgencies, visibilities, since, until, text };
    const { rows, nextCursor } = await readPage(
      cursors,
      { list: 'incidents', organisationId, filters: { ...filter, sort } },
      query,
      (limit, after) =>
        reads.list(
          organisationId,
          filter,
          { limit, descending: sort === '-number', after: after?.[0] as number | undefined },
          viewerOf(key),
        ),
      ({ number }) => [number],
    );
    return { status: 200 as const, body: { incidents: rows.map(presentIncident), next_cursor: nextCursor } };
  }

  return [
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/incidents',
      summary: 'List the incidents of a team',
      description: 'Those it owns and those assigned to it.',
      tag: 'Incidents',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: incidentQuery,
      responses: { 200: incidentList },
      refusals: [],
      handler: async ({ key, params, query }) => {
        if (!(await stores.teams.get(key.organisationId, params.id))) throw notFound();
        return list(key, params.id, query);
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/organisation/incidents',
      summary: 'List the incidents of the organisation',
      tag: 'Incidents',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      query: incidentQuery,
      responses: { 200: incidentList },
      refusals: [],
      handler: ({ key, query }) => list(key, undefined, query),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/incident/{id}',
      summary: 'One incident',
      tag: 'Incidents',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: incident },
      refusals: [],
      handler: async ({ key, params }) => ({
        status: 200,
        body: presentIncident(await requireIncident(deps, key, params.id)),
      }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/incident/{id}/actions',
      summary: 'List the actions run for an incident, oldest first, with what came of each',
      tag: 'Incidents',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ actions: z.array(action), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        await requireIncident(deps, key, params.id);
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'actions', organisationId, filters: { incident: params.id } },
          query,
          (limit, after) =>
            reads.actions(organisationId, params.id, { limit, after: after?.[0] as number | undefined }),
          ({ sequence }) => [sequence],
        );
        return { status: 200, body: { actions: rows.map(presentAction), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/incident/{id}/log',
      summary: 'The timeline of an incident, oldest first',
      tag: 'Incidents',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ log_entries: z.array(logEntry), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        await requireIncident(deps, key, params.id);
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'log_entries', organisationId, filters: { incident: params.id } },
          query,
          (limit, after) => {
            const last = after && { sequence: Number(after[0]), index: Number(after[1]) };
            return reads.log(organisationId, params.id, { limit, after: last }, viewerOf(key));
          },
          ({ sequence, index }) => [sequence, index],
        );
        return { status: 200, body: { log_entries: rows.map(presentLogEntry), next_cursor: nextCursor } };
      },
    }),
  ];
}
