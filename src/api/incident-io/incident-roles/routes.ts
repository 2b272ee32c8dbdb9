import { Refusal } from '../../../domain/error-code.ts';
import type { IncidentRole, IncidentRoleStore } from '../../../stores/incident-roles.ts';
import type { ApiDeps } from '../../deps.ts';
import { notFound } from '../../errors.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { reading, stored as storedSetting, taken, writing } from '../settings.ts';
import { incidentRoleSchemas, presentIncidentRole } from './schema.ts';

/** incident.io's `/v1/incident_roles` and `/v2/incident_roles` (https://docs.incident.io, "Incident roles"). */
export function createIncidentRoleRoutes({ stores: { incidentRoles } }: ApiDeps): Route[] {
  return [...routesOf('v1', incidentRoles), ...routesOf('v2', incidentRoles)];
}

function routesOf(version: 'v1' | 'v2', incidentRoles: IncidentRoleStore): Route[] {
  const schemas = incidentRoleSchemas[version];
  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: `/${version}/incident_roles`,
      summary: 'List incident roles: lead, reporter, then the others, oldest first',
      responses: { 200: schemas.all },
      refusals: [],
      handler: async ({ key }) => {
        const rows = await incidentRoles.list(key.organisationId);
        return { status: 200, body: { incident_roles: rows.map(presentIncidentRole) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: `/${version}/incident_roles`,
      summary: 'Create an incident role',
      description: 'A custom one: of lead and reporter there is always exactly one.',
      body: schemas.new,
      responses: { 201: schemas.one },
      refusals: ['already_exists', 'limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const draft = { required: false, ...body };
          const created = stored(await incidentRoles.create(key.organisationId, draft, tx));
          return { status: 201 as const, body: { incident_role: presentIncidentRole(created) } };
        }),
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: `/${version}/incident_roles/{id}`,
      summary: 'One incident role',
      params: incidentIoPath,
      responses: { 200: schemas.one },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await incidentRoles.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { incident_role: presentIncidentRole(found) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: `/${version}/incident_roles/{id}`,
      summary: 'Change an incident role',
      description: 'Fields left out stay as they are.',
      params: incidentIoPath,
      body: schemas.changed,
      responses: { 200: schemas.one },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const changed = stored(await incidentRoles.update(key.organisationId, params.id, body, tx));
          return { status: 200 as const, body: { incident_role: presentIncidentRole(changed) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: `/${version}/incident_roles/{id}`,
      summary: 'Delete an incident role',
      description: 'Refused for lead and reporter. Whoever has it in an incident keeps it there.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const outcome = await incidentRoles.remove(key.organisationId, params.id, tx);
          if (outcome === 'unknown') throw notFound();
          if (outcome === 'built_in')
            throw new Refusal('still_referenced', 'Every incident has a lead and a reporter: only custom roles go.');
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}

function stored(result: Awaited<ReturnType<IncidentRoleStore['create']>>): IncidentRole {
  if (result === 'shortform_taken') throw taken('shortform', 'incident role');
  return storedSetting(result, ['incident role', 'incident roles']);
}
