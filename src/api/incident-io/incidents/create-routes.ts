import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { defineRoute, type Route } from '../../route.ts';
import { incidentIoSurface } from '../surface.ts';
import { createCreateIncident } from './create-incident.ts';
import { newIncidentV1, newIncidentV2 } from './request-schema.ts';
import { incidentV1, incidentV2, presentIncidentV1, presentIncidentV2 } from './schema.ts';
import { statusOfWord } from './v1-words.ts';

const common = {
  tag: 'incident.io incidents',
  auth: 'key',
  surface: incidentIoSurface,
  method: 'POST',
  role: 'command',
  permission: 'create_incidents',
  summary: 'Create an incident, one for each idempotency_key',
  description:
    'The incident is stored before the answer. Custom fields that are required are not asked for. A repeat with the same `idempotency_key`, whenever it comes and whatever else it says, answers the incident that there is.',
  refusals: ['already_exists', 'not_confirmed'],
} as const;

/** incident.io's ways to create an incident (https://docs.incident.io/api-reference/incidents-v2/create). */
export function createCreateRoutes(deps: ApiDeps): Route[] {
  const { stores, publicUrl } = deps;
  const create = createCreateIncident(deps);

  return [
    defineRoute({
      ...common,
      path: '/v2/incidents',
      body: newIncidentV2,
      responses: { 200: z.object({ incident: incidentV2 }) },
      handler: async (context) => {
        const row = await create(context, context.body);
        return { status: 200, body: { incident: presentIncidentV2(row, publicUrl) } };
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/incidents',
      body: newIncidentV1,
      responses: { 200: z.object({ incident: incidentV1 }) },
      handler: async (context) => {
        const { status: word, mode, ...body } = context.body;
        const statuses = word ? await stores.incidentStatuses.list(context.key.organisationId) : [];
        const row = await create(context, {
          ...body,
          mode: mode === 'real' ? 'standard' : mode,
          incident_status_id: word ? statusOfWord(word, statuses)?.id : undefined,
        });
        return { status: 200, body: { incident: presentIncidentV1(row, publicUrl) } };
      },
    }),
  ];
}
