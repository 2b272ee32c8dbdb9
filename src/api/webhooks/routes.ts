import { z } from 'zod';
import type { ApiKey } from '../../stores/api-keys.ts';
import { type ChangedService, recordServiceChange, recordServiceUpdate } from '../../stores/service-events.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { agentOfKey } from '../incidents/agent.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { createEventRoutes } from './event-routes.ts';
import { changedWebhook, checkPathsOf, newWebhook, presentWebhook, webhook } from './schema.ts';
import { draftOfVerification } from './verification.ts';

export function createWebhookRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors, publicUrl } = deps;
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/webhook',
      summary: 'Create an inbound webhook',
      tag: 'Webhooks',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      body: newWebhook,
      responses: { 201: webhook },
      refusals: [],
      handler: ({ key, body, transaction }) => {
        const verification = body.verification && draftOfVerification(body.verification);
        if (verification && verification.secret === null) throw secretNeeded();
        return transaction(async (tx) => {
          const created = await stores.webhooks.create(
            key.organisationId,
            {
              name: body.name ?? null,
              description: body.description,
              monitorUrl: body.monitor_url,
              monitorMethod: body.monitor_method,
              checkPaths: checkPathsOf(body.check_paths),
              tags: body.tags,
              verification: verification && { ...verification, secret: verification.secret! },
              source: body.source,
              teamId: body.team_id,
              opensIncidents: body.opens_incidents,
            },
            tx,
          );
          if (created === 'unknown_team') throw unknownTeam();
          await recordServiceChange(tx, key.organisationId, { ...serviceOf(key, created.id), change: 'created' });
          return { status: 201 as const, body: presentWebhook(created, publicUrl) };
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/webhook/{id}',
      summary: 'One webhook',
      tag: 'Webhooks',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: webhook },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.webhooks.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: presentWebhook(found, publicUrl) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/webhook/{id}',
      summary: 'Change, enable or disable a webhook',
      description: 'Fields left out stay as they are. The URL of a disabled webhook answers like an unknown one.',
      tag: 'Webhooks',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      body: changedWebhook,
      responses: { 200: webhook },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = {
            name: body.name,
            description: body.description,
            enabled: body.enabled,
            monitorUrl: body.monitor_url,
            monitorMethod: body.monitor_method,
            checkPaths: body.check_paths && checkPathsOf(body.check_paths),
            tags: body.tags,
            verification: body.verification && draftOfVerification(body.verification),
            source: body.source,
            teamId: body.team_id,
            opensIncidents: body.opens_incidents,
          };
          const service = serviceOf(key, params.id);
          const changed = await recordServiceUpdate(tx, key.organisationId, service, () =>
            stores.webhooks.update(key.organisationId, params.id, change, tx),
          );
          if (changed === 'unknown_webhook') throw notFound();
          if (changed === 'unknown_team') throw unknownTeam();
          if (changed === 'secret_needed') throw secretNeeded();
          return { status: 200 as const, body: presentWebhook(changed, publicUrl) };
        }),
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/webhook/{id}/rotate-routing-key',
      summary: 'Give a webhook another routing key',
      description: 'At once: whoever sends with the one before is refused from then on.',
      tag: 'Webhooks',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 200: webhook },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const rotated = await stores.webhooks.rotateRoutingKey(key.organisationId, params.id, tx);
          if (!rotated) throw notFound();
          return { status: 200 as const, body: presentWebhook(rotated, publicUrl) };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/webhook/{id}',
      summary: 'Delete a webhook',
      description:
        'Refused while a ruleset names it. Its URL then answers like an unknown one; events that it took before are still evaluated, and can be read by their ids.',
      tag: 'Webhooks',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.webhooks.remove(key.organisationId, params.id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('webhook', left);
          await recordServiceChange(tx, key.organisationId, { ...serviceOf(key, params.id), change: 'deleted' });
          return { status: 200 as const, body: { message: 'The webhook was deleted.' } };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/webhooks',
      summary: 'List webhooks, oldest first',
      tag: 'Webhooks',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
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
    ...createEventRoutes(deps),
  ];
}

function serviceOf(key: ApiKey, id: string): ChangedService {
  return { type: 'webhook', id, agent: agentOfKey(key) };
}

function unknownTeam() {
  return invalidField('team_id', 'is not a team of this organisation');
}

function secretNeeded() {
  return invalidField('verification.secret', 'is required: there is none of this type yet');
}
