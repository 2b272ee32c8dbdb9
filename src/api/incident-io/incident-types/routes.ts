import { Refusal } from '../../../domain/error-code.ts';
import type { ApiDeps } from '../../deps.ts';
import { invalidField, notFound } from '../../errors.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { reading, stored, writing } from '../settings.ts';
import {
  allIncidentTypes,
  changedIncidentType,
  newIncidentType,
  oneIncidentType,
  presentIncidentType,
} from './schema.ts';

const what = ['incident type', 'incident types'] as const;

/** incident.io's `/v1/incident_types` (https://docs.incident.io, "Incident types V1"); there one only reads them. */
export function createIncidentTypeRoutes({ stores: { incidentTypes } }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/incident_types',
      summary: 'List incident types, the default first',
      responses: { 200: allIncidentTypes },
      refusals: [],
      handler: async ({ key }) => {
        const rows = await incidentTypes.list(key.organisationId);
        return { status: 200, body: { incident_types: rows.map(presentIncidentType) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v1/incident_types',
      summary: 'Create an incident type',
      body: newIncidentType,
      responses: { 201: oneIncidentType },
      refusals: ['already_exists', 'limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const draft = {
            name: body.name,
            description: body.description,
            isDefault: body.is_default,
            privateIncidentsOnly: body.private_incidents_only,
            createInTriage: body.create_in_triage,
          };
          const created = stored(await incidentTypes.create(key.organisationId, draft, tx), what);
          return { status: 201 as const, body: { incident_type: presentIncidentType(created) } };
        }),
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/incident_types/{id}',
      summary: 'One incident type',
      params: incidentIoPath,
      responses: { 200: oneIncidentType },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await incidentTypes.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { incident_type: presentIncidentType(found) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v1/incident_types/{id}',
      summary: 'Change an incident type',
      description:
        'Fields left out stay as they are. Incidents that are open already stay as public or private as they are.',
      params: incidentIoPath,
      body: changedIncidentType,
      responses: { 200: oneIncidentType },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = {
            name: body.name,
            description: body.description,
            isDefault: body.is_default,
            privateIncidentsOnly: body.private_incidents_only,
            createInTriage: body.create_in_triage,
          };
          const changed = await incidentTypes.update(key.organisationId, params.id, change, tx);
          if (changed === 'default') throw invalidField('is_default', 'must be true until another type is the default');
          return { status: 200 as const, body: { incident_type: presentIncidentType(stored(changed, what)) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: '/v1/incident_types/{id}',
      summary: 'Delete an incident type',
      description: 'Incidents of it stay of it. The default is never deleted.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const outcome = await incidentTypes.remove(key.organisationId, params.id, tx);
          if (outcome === 'unknown') throw notFound();
          if (outcome === 'default')
            throw new Refusal('still_referenced', 'It is the type of incidents that name none.');
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}
