import { z } from 'zod';
import { viewerOf } from '../../stores/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { nextCursor, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { payloadOf } from './payload.ts';
import { createRepairRoutes } from './repair-routes.ts';
import {
  delivery,
  deliveryQuery,
  deliveryWithPayload,
  longestStatistics,
  presentDelivery,
  presentStatistics,
  statistics,
  statisticsQuery,
} from './schema.ts';

const dayMs = 24 * 3_600_000;

export function createDeliveryRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors, publicUrl } = deps;
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/subscription/{id}/deliveries',
      summary: 'List the deliveries of a subscription with every attempt, newest first',
      tag: 'Deliveries',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: deliveryQuery,
      responses: { 200: z.object({ deliveries: z.array(delivery), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        if (!(await stores.subscriptions.get(organisationId, params.id))) throw notFound();
        const { status: statuses, event, incident_id: incidentId, since, until } = query;
        const filter = { statuses, event, incidentId, since, until };
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'deliveries', organisationId, filters: { subscription: params.id, ...filter } },
          query,
          (limit, after) => {
            const last = after && { createdAt: String(after[0]), id: String(after[1]) };
            const page = { ...filter, limit, after: last };
            return stores.deliveryReads.list(organisationId, params.id, page, viewerOf(key));
          },
          ({ createdAt, id }) => [createdAt, id],
        );
        return { status: 200, body: { deliveries: rows.map(presentDelivery), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/subscription/{id}/statistics',
      summary: 'How deliveries to a subscription went lately',
      description: 'Without those of private incidents that the key may not see.',
      tag: 'Deliveries',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: statisticsQuery,
      responses: { 200: statistics },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const now = Date.now();
        const since = query.since ?? new Date(now - dayMs).toISOString();
        const ageMs = now - Date.parse(since);
        if (ageMs < 0 || ageMs > longestStatistics * dayMs)
          throw invalidField('query.since', `must be within the last ${longestStatistics} days`);
        const found = await stores.deliveryStatistics.read(key.organisationId, params.id, since, viewerOf(key));
        if (!found) throw notFound();
        return { status: 200, body: presentStatistics(found, since) };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/delivery/{id}',
      summary: 'One delivery, with what is sent',
      tag: 'Deliveries',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: deliveryWithPayload },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.deliveryReads.get(key.organisationId, params.id, viewerOf(key));
        if (!found) throw notFound();
        return { status: 200, body: { ...presentDelivery(found), payload: payloadOf(found, publicUrl) } };
      },
    }),
    ...createRepairRoutes(deps),
  ];
}
