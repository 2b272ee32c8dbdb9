import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { mostStatusPages } from '../../stores/status-pages.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { createComponentRoutes } from './component-routes.ts';
import { createPublicStatusRoute } from './public-route.ts';
import { changedName, newStatusPage, presentStatusPage, statusPage } from './schema.ts';

export function createStatusPageRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors, publicUrl } = deps;
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/status-page',
      summary: 'Create a status page',
      description: `Everybody who knows its \`url\` can read it. An organisation has at most ${mostStatusPages}.`,
      tag: 'Status pages',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      body: newStatusPage,
      responses: { 201: statusPage },
      refusals: ['limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const created = await stores.statusPages.create(key.organisationId, body, tx);
          if (created === 'full')
            throw new Refusal('limit_reached', `An organisation has at most ${mostStatusPages} status pages.`);
          return { status: 201 as const, body: presentStatusPage(created, publicUrl) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/status-pages',
      summary: 'List status pages, oldest first',
      tag: 'Status pages',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      query: z.strictObject(page),
      responses: { 200: z.object({ status_pages: z.array(statusPage), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'status-pages', organisationId },
          query,
          (limit, after) => stores.statusPages.list(organisationId, { limit, after: after?.[0] as string | undefined }),
          ({ id }) => [id],
        );
        const pages = rows.map((row) => presentStatusPage(row, publicUrl));
        return { status: 200, body: { status_pages: pages, next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/status-page/{id}',
      summary: 'One status page',
      tag: 'Status pages',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: statusPage },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.statusPages.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: presentStatusPage(found, publicUrl) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/status-page/{id}',
      summary: 'Change a status page',
      description: 'Fields left out stay as they are.',
      tag: 'Status pages',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: pathId,
      body: changedName,
      responses: { 200: statusPage },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const changed = await stores.statusPages.update(key.organisationId, params.id, body, tx);
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentStatusPage(changed, publicUrl) };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/status-page/{id}',
      summary: 'Delete a status page and its components',
      description: "Refused while a ruleset's action names the page or one of its components.",
      tag: 'Status pages',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: pathId,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.statusPages.remove(key.organisationId, params.id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('status page', left);
          return { status: 200 as const, body: { message: 'The status page was deleted.' } };
        }),
    }),
    ...createComponentRoutes(deps),
    createPublicStatusRoute(deps),
  ];
}
