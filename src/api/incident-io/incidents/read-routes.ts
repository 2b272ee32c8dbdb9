import { z } from 'zod';
import { type ApiKey, viewerOf } from '../../../stores/api-keys.ts';
import type { IncidentIoFilter } from '../../../stores/incident-io-filter.ts';
import type { ApiDeps } from '../../deps.ts';
import { defineRoute, type Route } from '../../route.ts';
import { paginationMetaWithTotal, readIncidentIoPage } from '../paging.ts';
import { incidentIoSurface } from '../surface.ts';
import { incidentPath, requireIncidentIoRead } from './incident-path.ts';
import { incidentsQueryV1, incidentsQueryV2 } from './list-query.ts';
import { readFilter, statusCondition } from './read-filter.ts';
import { incidentV1, incidentV2, presentIncidentV1, presentIncidentV2 } from './schema.ts';
import { statusWordOf } from './v1-words.ts';

const common = {
  tag: 'incident.io incidents',
  auth: 'key',
  surface: incidentIoSurface,
  method: 'GET',
  role: 'query',
  permission: 'view_data',
} as const;

/** incident.io's incidents: one, and many (https://docs.incident.io/api-reference/incidents-v2/list). */
export function createReadRoutes(deps: ApiDeps): Route[] {
  const { stores, publicUrl } = deps;

  async function read(
    key: ApiKey,
    filter: IncidentIoFilter,
    { descending, ...query }: { page_size: number; after?: string | undefined; descending: boolean },
  ) {
    const viewer = viewerOf(key);
    const [{ rows, paginationMeta }, total] = await Promise.all([
      readIncidentIoPage(query, (limit, after) =>
        stores.incidentIoReads.list(key.organisationId, filter, { limit, descending, after }, viewer),
      ),
      stores.incidentIoReads.count(key.organisationId, filter, viewer),
    ]);
    return { rows, meta: { ...paginationMeta, ...(total === null ? {} : { total_record_count: total }) } };
  }

  return [
    defineRoute({
      ...common,
      path: '/v2/incidents',
      summary: 'List incidents, the newest first',
      description:
        'Values of one filter are given one by one, as `status[one_of]=A&status[one_of]=B`. Besides the filters below there are `custom_field[ID][one_of]`, `[not_in]` and `[is_blank]`, and `incident_role[ID][one_of]` and `[is_blank]`.',
      query: incidentsQueryV2,
      responses: { 200: z.object({ incidents: z.array(incidentV2), pagination_meta: paginationMetaWithTotal }) },
      refusals: [],
      handler: async ({ key, query }) => {
        const filter = await readFilter(deps, key.organisationId, query);
        const descending = query.sort_by === 'created_at_newest_first';
        const { rows, meta } = await read(key, filter, { ...query, descending });
        return {
          status: 200,
          body: { incidents: rows.map((row) => presentIncidentV2(row, publicUrl)), pagination_meta: meta },
        };
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/incidents',
      summary: 'List incidents as in version 1, the newest first',
      query: incidentsQueryV1,
      responses: { 200: z.object({ incidents: z.array(incidentV1), pagination_meta: paginationMetaWithTotal }) },
      refusals: [],
      handler: async ({ key, query }) => {
        const { status: words } = query;
        const statuses = words ? await stores.incidentStatuses.list(key.organisationId) : [];
        const wanted = statuses.filter((status) => words?.includes(statusWordOf(status)));
        const filter: IncidentIoFilter = {
          modes: null,
          combine: 'all',
          conditions: words ? [statusCondition(wanted)] : [],
        };
        const { rows, meta } = await read(key, filter, { ...query, descending: true });
        return {
          status: 200,
          body: { incidents: rows.map((row) => presentIncidentV1(row, publicUrl)), pagination_meta: meta },
        };
      },
    }),
    defineRoute({
      ...common,
      path: '/v2/incidents/{id}',
      summary: 'One incident',
      params: incidentPath,
      responses: { 200: z.object({ incident: incidentV2 }) },
      refusals: [],
      handler: async ({ key, params }) => {
        const row = await requireIncidentIoRead(deps, key, params.id);
        return { status: 200, body: { incident: presentIncidentV2(row, publicUrl) } };
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/incidents/{id}',
      summary: 'One incident as in version 1',
      params: incidentPath,
      responses: { 200: z.object({ incident: incidentV1 }) },
      refusals: [],
      handler: async ({ key, params }) => {
        const row = await requireIncidentIoRead(deps, key, params.id);
        return { status: 200, body: { incident: presentIncidentV1(row, publicUrl) } };
      },
    }),
  ];
}
