import { z } from 'zod';
import type { IncidentSnapshot } from '../../../domain/incident/snapshot.ts';
import { userOf } from '../../../outbound/incident-io/actor.ts';
import { severityOf } from '../../../outbound/incident-io/incident.ts';
import { statusOf } from '../../../outbound/incident-io/status.ts';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import { viewerOf } from '../../../stores/api-keys.ts';
import type { IncidentUpdate } from '../../../stores/incident-updates.ts';
import type { ApiDeps } from '../../deps.ts';
import { defineRoute, type Route } from '../../route.ts';
import { answeredId, answeredTime, incidentIoId, ulidOf } from '../ids.ts';
import { incidentIoPage, paginationMeta, readIncidentIoPage } from '../paging.ts';
import { incidentIoSurface } from '../surface.ts';
import { actor, incidentStatus, severity } from './schema.ts';

const incidentUpdate = z
  .object({
    id: answeredId,
    incident_id: answeredId,
    new_incident_status: incidentStatus,
    new_severity: severity.optional(),
    message: z.string().optional(),
    merged_into_incident_id: answeredId.optional(),
    updater: actor,
    created_at: answeredTime,
  })
  .meta({
    id: 'IncidentIoIncidentUpdate',
    examples: [
      {
        id: '05CX7KQG000000000000E00002',
        incident_id: '01FDAG4SAP5TYPT98WGR2N7W91',
        new_incident_status: {
          id: '01FCNDV6P870EA6S7TK1DSYD5H',
          name: 'Closed',
          description: 'It is resolved.',
          category: 'closed',
          rank: 3,
          created_at: '2026-03-01T09:00:00.000000Z',
          updated_at: '2026-03-01T09:00:00.000000Z',
        },
        message: 'The provider is back.',
        updater: { api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'Zendesk' } },
        created_at: '2026-03-15T19:42:04.311000Z',
      },
    ],
  });

/** Nobody has to read it within limits, as a webhook's receiver. */
const unbounded = { text: Infinity, name: Infinity, list: Infinity };

/** incident.io's incident updates: what was said of an incident's status and severity, and when they changed. */
export function createUpdatesRoute({ stores }: ApiDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/v2/incident_updates',
    summary: 'List changes of status and severity, and published messages, oldest first',
    tag: 'incident.io incidents',
    role: 'query',
    auth: 'key',
    surface: incidentIoSurface,
    permission: 'view_data',
    query: z.strictObject({ ...incidentIoPage, incident_id: incidentIoId.optional() }),
    responses: { 200: z.object({ incident_updates: z.array(incidentUpdate), pagination_meta: paginationMeta }) },
    refusals: [],
    handler: async ({ key, query }) => {
      const { rows, paginationMeta } = await readIncidentIoPage(query, (limit, after) =>
        stores.incidentUpdates.list(key.organisationId, query.incident_id, { limit, after }, viewerOf(key)),
      );
      return { status: 200, body: { incident_updates: rows.map(presentUpdate), pagination_meta: paginationMeta } };
    },
  });
}

function presentUpdate({ id, incidentId, at, mergedInto, snapshot }: IncidentUpdate): z.input<typeof incidentUpdate> {
  const { incident } = snapshot;
  const message = messageOf(snapshot);
  const update = {
    id: ulidOf(id),
    incident_id: ulidOf(incidentId),
    new_incident_status: statusOf(snapshot, unbounded),
    ...(incident.severity ? { new_severity: severityOf(snapshot, incident.severity, unbounded) } : {}),
    ...(message === null ? {} : { message }),
    ...(mergedInto === null ? {} : { merged_into_incident_id: ulidOf(mergedInto) }),
    updater: updaterOf(snapshot),
    created_at: microseconds(at),
  };
  return update as z.input<typeof incidentUpdate>;
}

/** What people were told with it. */
function messageOf({ incident, transition: { type, details } }: IncidentSnapshot): string | null {
  const said = type === 'status_update_published' ? details?.['message'] : null;
  if (typeof said === 'string') return said;
  return type === 'resolved' ? incident.resolution : null;
}

function updaterOf(snapshot: IncidentSnapshot): z.input<typeof actor> {
  const { type, id, name } = snapshot.transition.agent;
  if (type === 'member')
    return { user: userOf({ id: id ?? name, name }, snapshot, Infinity) as z.input<typeof actor>['user'] };
  const named = { id: ulidOf(id ?? name), name };
  return type === 'key' ? { api_key: named } : { workflow: named };
}
