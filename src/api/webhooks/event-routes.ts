import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { Refusal } from '../../domain/error-code.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import { printable } from '../../stores/event-headers.ts';
import { notFound } from '../errors.ts';
import { id, nextCursor, page, pathId, queryTime } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { event, presentEvent, receivedEvent, submittedTags } from './event-schema.ts';
import { largestFrom, unverified } from './submitted-event.ts';

export function createEventRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/incident/webhook/{id}',
      summary: 'Submit an event',
      description:
        'Needs no key: knowing the id is enough, unless the webhook verifies its senders. Takes any body up to 512 KiB (4 MiB from Alertmanager and Grafana, by their User-Agent), an empty one too, and keeps it byte for byte. The event is stored before the answer; rulesets are evaluated after it.',
      tag: 'Webhooks',
      role: 'gateway',
      auth: 'none',
      params: pathId,
      // Senders add parameters of their own; those are left alone.
      query: z.object({ tags: submittedTags }),
      sharedLimit: 'webhook',
      rawBodyLimit: largestFrom,
      responses: { 201: receivedEvent },
      refusals: ['unverified_sender'],
      handler: async ({ params, query, bytes, contentType, headers, ip }) => {
        const type = contentType === null ? null : printable(contentType, 255);
        const stored = await stores.events.submit({
          webhookId: params.id,
          contentType: type,
          ip,
          tags: query.tags ?? [],
          headers,
          body: bytes,
        });
        if (!stored) throw notFound();
        if (stored.rejection !== null) throw unverified(stored.rejection, stored.id);
        const message = 'Event received.';
        return {
          status: 201,
          body: { id: stored.id, message, ip, content_type: type, received_at: stored.receivedAt },
        };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/event/{id}',
      summary: 'One event',
      description: 'Also when its webhook was deleted since.',
      tag: 'Webhooks',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: event },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.events.get(key.organisationId, params.id, viewerOf(key));
        if (!found) throw notFound();
        return { status: 200, body: presentEvent(found) };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/webhook/{id}/events',
      summary: 'List the events a webhook received, newest first',
      tag: 'Webhooks',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject({
        ...page,
        last_received_at: queryTime.optional().meta({ description: 'Only events received before this.' }),
      }),
      responses: { 200: z.object({ events: z.array(event), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        if (!(await stores.webhooks.get(organisationId, params.id))) throw notFound();
        const before = query.last_received_at;
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'events', organisationId, filters: { webhook: params.id, before } },
          query,
          (limit, after) => {
            const lastReceivedAt = (after?.[0] as string | undefined) ?? before;
            return stores.events.list(organisationId, params.id, { limit, lastReceivedAt }, viewerOf(key));
          },
          ({ receivedAt }) => [receivedAt],
        );
        return { status: 200, body: { events: rows.map(presentEvent), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/webhook/{id}/events/{event_id}/replay',
      summary: 'Evaluate an event again',
      description:
        'For rulesets that were made or changed since, and for events that failed. What a ruleset has decided on the event stands and is not decided again, so a replay never opens a second incident: it is for what has not matched yet. An event that still waits is evaluated anyway, once.',
      tag: 'Webhooks',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId.extend({ event_id: id }),
      responses: { 202: event },
      refusals: ['event_rejected'],
      handler: async ({ key, params, transaction }) => {
        const answer = await transaction(async (tx) => {
          const { organisationId } = key;
          const found = await stores.events.replay(organisationId, params.id, params.event_id, viewerOf(key), tx);
          if (found === 'unknown_event') throw notFound();
          if (found === 'rejected')
            throw new Refusal('event_rejected', 'Its sender could not be verified: it is never evaluated.');
          return { status: 202 as const, body: presentEvent(found) };
        });
        stores.events.announce(params.id);
        return answer;
      },
    }),
  ];
}
