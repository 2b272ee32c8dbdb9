import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { messageOf, nextCursor, page, pathId } from '../fields.ts';
import { agentOfKey } from '../incidents/agent.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import {
  found,
  requireFuture,
  requireNotAdmin,
  requirePermissionsOf,
  requireReach,
  requireStill,
  stored,
} from './require.ts';
import { apiKey, changedApiKey, newApiKey, presentApiKey, rotation, shownOnce } from './schema.ts';

const common = { tag: 'API keys', auth: 'key', permission: 'manage_keys' } as const;

export function createApiKeyRoutes({ stores, cursors }: ApiDeps): Route[] {
  const { apiKeys } = stores;

  return [
    defineRoute({
      ...common,
      method: 'POST',
      path: '/v1/api-key',
      summary: 'Make an API key, which is shown once',
      description:
        'A repeat with the same Idempotency-Key shows it again. A key gives no permission that it lacks, and makes none that outlives it; to make one that acts as another member it needs `view_private_incidents`.',
      role: 'command',
      body: newApiKey,
      responses: { 201: shownOnce },
      refusals: [],
      handler: ({ key, body, transaction }) => {
        const { name, permissions, team_id: teamId, member_id: memberId, expires_at: expiresAt } = body;
        const draft = { name, permissions, teamId, memberId, expiresAt };
        requireFuture(expiresAt);
        return transaction(async (tx) => {
          requireReach(await requireStill(apiKeys, key, tx), draft);
          const made = stored(await apiKeys.create(key.organisationId, draft, agentOfKey(key), tx));
          return { status: 201 as const, body: { ...presentApiKey(made), key: made.key } };
        });
      },
    }),
    defineRoute({
      ...common,
      method: 'GET',
      path: '/v1/api-keys',
      summary: 'List API keys, oldest first',
      description: 'Expired ones too, never a key itself.',
      role: 'query',
      query: z.strictObject(page),
      responses: { 200: z.object({ api_keys: z.array(apiKey), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'api_keys', organisationId },
          query,
          (limit, after) => apiKeys.list(organisationId, { limit, after: after?.[0] as string | undefined }),
          ({ id }) => [id],
        );
        return { status: 200, body: { api_keys: rows.map(presentApiKey), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      ...common,
      method: 'GET',
      path: '/v1/api-key/{id}',
      summary: 'One API key',
      role: 'query',
      params: pathId,
      responses: { 200: apiKey },
      refusals: [],
      handler: async ({ key, params }) => ({
        status: 200,
        body: presentApiKey(found(await apiKeys.get(key.organisationId, params.id))),
      }),
    }),
    defineRoute({
      ...common,
      method: 'PUT',
      path: '/v1/api-key/{id}',
      summary: 'Change an API key',
      description:
        'Fields left out stay as they are. Refused for a key that may do more than the one of the request, and for what that one could not give to a new key. Of the admin key name and team can be changed.',
      role: 'command',
      params: pathId,
      body: changedApiKey,
      responses: { 200: apiKey },
      refusals: ['admin_key'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const own = await requireStill(apiKeys, key, tx);
          const before = found(await apiKeys.hold(key.organisationId, params.id, tx));
          requirePermissionsOf(own, before);
          const draft = {
            name: body.name ?? before.name,
            permissions: body.permissions ?? before.permissions,
            teamId: body.team_id === undefined ? before.teamId : body.team_id,
            memberId: body.member_id === undefined ? before.memberId : body.member_id,
            expiresAt: body.expires_at === undefined ? before.expiresAt : body.expires_at,
          };
          const given = [body.permissions, body.member_id, body.expires_at];
          if (given.some((field) => field !== undefined)) {
            requireNotAdmin(before, 'changed');
            requireFuture(body.expires_at);
            requireReach(own, draft);
          }
          const changed = stored(await apiKeys.update(key.organisationId, params.id, draft, tx));
          return { status: 200 as const, body: presentApiKey(changed) };
        }),
    }),
    defineRoute({
      ...common,
      method: 'DELETE',
      path: '/v1/api-key/{id}',
      summary: 'Delete an API key',
      description: 'It is refused from then on. What it did keeps its name.',
      role: 'command',
      params: pathId,
      responses: { 200: messageOf('The API key was deleted.') },
      refusals: ['admin_key'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const own = await requireStill(apiKeys, key, tx);
          const held = found(await apiKeys.hold(key.organisationId, params.id, tx));
          requireNotAdmin(held, 'deleted');
          requirePermissionsOf(own, held);
          await apiKeys.remove(key.organisationId, params.id, tx);
          return { status: 200 as const, body: { message: 'The API key was deleted.' } };
        }),
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: '/v1/api-key/{id}/rotate',
      summary: 'Give an API key another text, which is shown once',
      description:
        'Id, name and permissions stay. The key before is taken for `grace_seconds` more; one before that is refused at once. Refused for a key that reaches further than the one of the request.',
      role: 'command',
      params: pathId,
      body: rotation,
      responses: { 200: shownOnce },
      refusals: ['admin_key'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const own = await requireStill(apiKeys, key, tx);
          const held = found(await apiKeys.hold(key.organisationId, params.id, tx));
          requireNotAdmin(held, 'rotated');
          requireReach(own, held);
          const rotated = await apiKeys.rotate(key.organisationId, params.id, body.grace_seconds, tx);
          return { status: 200 as const, body: { ...presentApiKey(rotated), key: rotated.key } };
        }),
    }),
  ];
}
