import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import { mostComponents } from '../../stores/status-page-components.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { id, nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { changedName, component, newComponent, presentComponent } from './schema.ts';

const componentPath = z.object({ id, component_id: id });

export function createComponentRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/status-page/{id}/component',
      summary: 'Add a component to a status page',
      description: `An action \`trigger-statuspage-update\` names it; its status follows the open incidents that had such an action. A page has at most ${mostComponents}.`,
      tag: 'Status pages',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: pathId,
      body: newComponent,
      responses: { 201: component },
      refusals: ['limit_reached'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const created = await stores.components.create(key.organisationId, params.id, body, tx);
          if (created === 'unknown_page') throw notFound();
          if (created === 'full')
            throw new Refusal('limit_reached', `A status page has at most ${mostComponents} components.`);
          return { status: 201 as const, body: presentComponent(created) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/status-page/{id}/components',
      summary: 'List the components of a status page, oldest first',
      tag: 'Status pages',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ components: z.array(component), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        if (!(await stores.statusPages.get(organisationId, params.id))) throw notFound();
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'components', organisationId, filters: { statusPage: params.id } },
          query,
          (limit, after) =>
            stores.components.list(
              organisationId,
              params.id,
              { limit, after: after?.[0] as string | undefined },
              viewerOf(key),
            ),
          ({ id }) => [id],
        );
        return { status: 200, body: { components: rows.map(presentComponent), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/status-page/{id}/component/{component_id}',
      summary: 'One component of a status page',
      tag: 'Status pages',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: componentPath,
      responses: { 200: component },
      refusals: [],
      handler: async ({ key, params }) => {
        const { organisationId } = key;
        const found = await stores.components.get(organisationId, params.id, params.component_id, viewerOf(key));
        if (!found) throw notFound();
        return { status: 200, body: presentComponent(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/status-page/{id}/component/{component_id}',
      summary: 'Change a component of a status page',
      description: 'Fields left out stay as they are. Its status is not set but follows from open incidents.',
      tag: 'Status pages',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: componentPath,
      body: changedName,
      responses: { 200: component },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const { id, component_id: componentId } = params;
          const changed = await stores.components.update(key.organisationId, id, componentId, body, viewerOf(key), tx);
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentComponent(changed) };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/status-page/{id}/component/{component_id}',
      summary: 'Delete a component of a status page',
      description:
        "Refused while a ruleset's action names it. An incident's action that names it and has yet to run will fail.",
      tag: 'Status pages',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: componentPath,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.components.remove(key.organisationId, params.id, params.component_id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('component', left);
          return { status: 200 as const, body: { message: 'The component was deleted.' } };
        }),
    }),
  ];
}
