import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { event, newWebhook, presentEvent, presentWebhook, receivedEvent, webhook } from './schema.ts';

const largestEvent = 512 * 1024;

export function createWebhookRoutes({ stores, cursors, publicUrl }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/webhook',
      summary: 'Create an inbound webhook',
      tag: 'Webhooks',
      role: 'command',
      auth: 'key',
      body: newWebhook,
      responses: { 201: webhook },
      refusals: [],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const created = await stores.webhooks.create(
            key.organisationId,
            {
              name: body.name ?? null,
              description: body.description,
              monitorUrl: body.monitor_url,
              monitorMethod: body.monitor_method,
              checkPaths: {
                httpStatusCode: body.check_paths.http_status_code,
                responseTimeMs: body.check_paths.response_time_ms,
                error: body.check_paths.error,
              },
            },
            tx,
          );
          return { status: 201 as const, body: presentWebhook(created, publicUrl) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/webhooks',
      summary: 'List webhooks, oldest first',
      tag: 'Webhooks',
      role: 'query',
      auth: 'key',
      query: z.strictObject(page),
      responses: { 200: z.object({ webhooks: z.array(webhook), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'webhooks', organisationId },
          query,
          (limit, after) => stores.webhooks.list(organisationId, { limit, after: after?.[0] as number | undefined }),
          ({ number }) => [number],
        );
        const webhooks = rows.map((row) => presentWebhook(row, publicUrl));
        return { status: 200, body: { webhooks, next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/incident/webhook/{id}',
      summary: 'Submit an event',
      description:
        'Needs no key: knowing the id is enough. Takes any body up to 512 KiB, an empty one too, and keeps it byte for byte. The event is stored before the answer; rulesets are evaluated after it.',
      tag: 'Webhooks',
      role: 'gateway',
      auth: 'none',
      params: pathId,
      rawBodyLimit: largestEvent,
      responses: { 201: receivedEvent },
      refusals: [],
      handler: async ({ params, bytes, contentType, ip }) => {
        const type = contentType === null ? null : storableHeader(contentType);
        const stored = await stores.events.submit({ webhookId: params.id, contentType: type, ip, body: bytes });
        if (!stored) throw notFound();
        const message = 'Event received.';
        return {
          status: 201,
          body: { id: stored.id, message, ip, content_type: type, received_at: stored.receivedAt },
        };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/webhook/{id}/events',
      summary: 'List the events a webhook received, newest first',
      tag: 'Webhooks',
      role: 'query',
      auth: 'key',
      params: pathId,
      query: z.strictObject({
        ...page,
        last_received_at: z.iso
          .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-03-15T19:09:39Z' })
          .optional()
          .meta({ description: 'Only events received before this.' }),
      }),
      responses: { 200: z.object({ events: z.array(event), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        if (!(await stores.webhooks.get(organisationId, params.id))) throw notFound();
        const before = query.last_received_at;
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'events', organisationId, filters: { webhook: params.id, before } },
          query,
          (limit, after) => {
            const lastReceivedAt = (after?.[0] as string | undefined) ?? before;
            return stores.events.list(organisationId, params.id, { limit, lastReceivedAt });
          },
          ({ receivedAt }) => [receivedAt],
        );
        return { status: 200, body: { events: rows.map(presentEvent), next_cursor: nextCursor } };
      },
    }),
  ];
}

/** Header values reach us as Latin-1; only what is printable is kept, and not without end. */
function storableHeader(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 255);
}
