import { z } from 'zod';
import { incidentTimestamps } from '../../../outbound/incident-io/timeline.ts';
import { uuidOfUlid } from '../../../outbound/incident-io/ulid.ts';
import { notFound } from '../../errors.ts';
import { defineRoute, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { incidentIoSurface } from '../surface.ts';
import { incidentTimestamp } from './schema.ts';

const common = {
  tag: 'incident.io settings',
  auth: 'key',
  surface: incidentIoSurface,
  method: 'GET',
  role: 'query',
  permission: 'view_data',
} as const;

/** incident.io's timestamps: the same three for every organisation. */
export function createTimestampRoutes(): Route[] {
  return [
    defineRoute({
      ...common,
      path: '/v2/incident_timestamps',
      summary: 'List the times that an incident has a place for',
      responses: { 200: z.object({ incident_timestamps: z.array(incidentTimestamp) }) },
      refusals: [],
      handler: async ({ key }) => ({
        status: 200,
        body: { incident_timestamps: incidentTimestamps(key.organisationId) },
      }),
    }),
    defineRoute({
      ...common,
      path: '/v2/incident_timestamps/{id}',
      summary: 'One of the times that an incident has a place for',
      params: incidentIoPath,
      responses: { 200: z.object({ incident_timestamp: incidentTimestamp }) },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = incidentTimestamps(key.organisationId).find(({ id }) => uuidOfUlid(id) === params.id);
        if (!found) throw notFound();
        return { status: 200, body: { incident_timestamp: found } };
      },
    }),
  ];
}
