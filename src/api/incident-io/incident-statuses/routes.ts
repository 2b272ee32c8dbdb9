import { Refusal } from '../../../domain/error-code.ts';
import type { ApiDeps } from '../../deps.ts';
import { notFound } from '../../errors.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { reading, stored, writing } from '../settings.ts';
import {
  allIncidentStatuses,
  changedIncidentStatus,
  newIncidentStatus,
  oneIncidentStatus,
  presentIncidentStatus,
} from './schema.ts';

const what = ['incident status', 'incident statuses'] as const;

/** incident.io's `/v1/incident_statuses` (https://docs.incident.io, "Incident statuses V1"). */
export function createIncidentStatusRoutes({ stores: { incidentStatuses } }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/incident_statuses',
      summary: 'List incident statuses, in the order in which an incident goes through them',
      responses: { 200: allIncidentStatuses },
      refusals: [],
      handler: async ({ key }) => {
        const rows = await incidentStatuses.list(key.organisationId);
        return { status: 200, body: { incident_statuses: rows.map(presentIncidentStatus) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v1/incident_statuses',
      summary: 'Create an incident status',
      body: newIncidentStatus,
      responses: { 201: oneIncidentStatus },
      refusals: ['already_exists', 'limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const created = stored(await incidentStatuses.create(key.organisationId, body, tx), what);
          return { status: 201 as const, body: { incident_status: presentIncidentStatus(created) } };
        }),
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/incident_statuses/{id}',
      summary: 'One incident status',
      params: incidentIoPath,
      responses: { 200: oneIncidentStatus },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await incidentStatuses.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { incident_status: presentIncidentStatus(found) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v1/incident_statuses/{id}',
      summary: 'Change an incident status',
      description: 'Fields left out stay as they are. Its category never changes.',
      params: incidentIoPath,
      body: changedIncidentStatus,
      responses: { 200: oneIncidentStatus },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const changed = stored(await incidentStatuses.update(key.organisationId, params.id, body, tx), what);
          return { status: 200 as const, body: { incident_status: presentIncidentStatus(changed) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: '/v1/incident_statuses/{id}',
      summary: 'Delete an incident status',
      description:
        'Incidents that have it show the default of triage, live or closed instead. Those defaults, and that of merged, are never deleted.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const outcome = await incidentStatuses.remove(key.organisationId, params.id, tx);
          if (outcome === 'unknown') throw notFound();
          if (outcome === 'default')
            throw new Refusal(
              'still_referenced',
              'It is what incidents of its category show unless they have another.',
            );
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}
