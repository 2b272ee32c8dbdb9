import type { ApiDeps } from '../../deps.ts';
import { notFound } from '../../errors.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { reading, stored, writing } from '../settings.ts';
import { allSeverities, changedSeverity, newSeverity, oneSeverity, presentSeverity } from './schema.ts';

const what = ['severity', 'severities'] as const;

/** incident.io's `/v1/severities` (https://docs.incident.io, "Severities V1"). */
export function createSeverityRoutes({ stores: { severities } }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/severities',
      summary: 'List severities, the least severe first',
      responses: { 200: allSeverities },
      refusals: [],
      handler: async ({ key }) => {
        const rows = await severities.list(key.organisationId);
        return { status: 200, body: { severities: rows.map(presentSeverity) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v1/severities',
      summary: 'Create a severity',
      description: 'Incidents whose label is its name have it from then on.',
      body: newSeverity,
      responses: { 201: oneSeverity },
      refusals: ['already_exists', 'limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const created = stored(await severities.create(key.organisationId, body, tx), what);
          return { status: 201 as const, body: { severity: presentSeverity(created) } };
        }),
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/severities/{id}',
      summary: 'One severity',
      params: incidentIoPath,
      responses: { 200: oneSeverity },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await severities.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { severity: presentSeverity(found) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v1/severities/{id}',
      summary: 'Change a severity',
      description: 'Fields left out stay as they are. Incidents that have it get the new name as their label.',
      params: incidentIoPath,
      body: changedSeverity,
      responses: { 200: oneSeverity },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const changed = stored(await severities.update(key.organisationId, params.id, body, tx), what);
          return { status: 200 as const, body: { severity: presentSeverity(changed) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: '/v1/severities/{id}',
      summary: 'Delete a severity',
      description: 'Incidents and rulesets keep its name as their label.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          if (!(await severities.remove(key.organisationId, params.id, tx))) throw notFound();
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}
