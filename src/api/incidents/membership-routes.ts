import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { id, nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, noContent, type Route } from '../route.ts';
import { agentOf } from './agent.ts';
import { membership, newMembership, presentMembership } from './membership-schema.ts';
import { requireAgent, requireIncident } from './send-command.ts';

const common = { tag: 'Incidents', auth: 'key' } as const;

/** Who may see a private incident without the permission to see them all. */
export function createMembershipRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors } = deps;

  return [
    defineRoute({
      ...common,
      method: 'GET',
      path: '/v1/incident/{id}/memberships',
      summary: 'List the members of a private incident, oldest first',
      description: 'Whoever has the permission `view_private_incidents` sees it too. A public incident has none.',
      role: 'query',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ memberships: z.array(membership), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        await requireIncident(deps, key, params.id);
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'memberships', organisationId, filters: { incident: params.id } },
          query,
          (limit, after) => {
            const last = after && { createdAt: String(after[0]), id: String(after[1]) };
            return stores.memberships.list(organisationId, params.id, { limit, after: last });
          },
          ({ createdAt, id }) => [createdAt, id],
        );
        return { status: 200, body: { memberships: rows.map(presentMembership), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: '/v1/incident/{id}/membership',
      summary: 'Let a member see a private incident',
      description:
        'And, with a key that acts as this member, change it. Who is a member already stays one: that answers 200.',
      role: 'command',
      permission: 'edit_incidents',
      params: pathId,
      body: newMembership,
      responses: { 200: membership, 201: membership },
      refusals: ['not_private'],
      handler: async ({ key, params, body, transaction }) => {
        const agent = requireAgent(await agentOf(stores.members, key, body.by));
        return transaction(async (tx) => {
          const request = { incidentId: params.id, memberId: body.member_id, agent, viewer: viewerOf(key) };
          const granted = await stores.memberships.grant(key.organisationId, request, tx);
          if (granted === 'unknown_member') throw invalidField('member_id', 'is not a member of this organisation');
          if (typeof granted === 'string') throw refusalOf(granted);
          return {
            status: granted.isNew ? (201 as const) : (200 as const),
            body: presentMembership(granted.membership),
          };
        });
      },
    }),
    defineRoute({
      ...common,
      method: 'DELETE',
      path: '/v1/incident/{id}/membership/{member_id}',
      summary: 'Let a member see a private incident no longer',
      role: 'command',
      permission: 'edit_incidents',
      params: z.object({ id, member_id: id }),
      query: z.strictObject({ by: id.optional().meta({ description: 'The member who does it; else it is the key.' }) }),
      responses: { 204: noContent },
      refusals: ['not_private'],
      handler: async ({ key, params, query, transaction }) => {
        const agent = requireAgent(await agentOf(stores.members, key, query.by ?? null), [], 'query.by');
        return transaction(async (tx) => {
          const request = { incidentId: params.id, memberId: params.member_id, agent, viewer: viewerOf(key) };
          const revoked = await stores.memberships.revoke(key.organisationId, request, tx);
          if (revoked === 'unknown_membership') throw notFound();
          if (revoked !== 'revoked') throw refusalOf(revoked);
          return { status: 204 as const, body: undefined };
        });
      },
    }),
  ];
}

export function refusalOf(refused: 'unknown_incident' | 'not_private'): Refusal {
  return refused === 'unknown_incident'
    ? notFound()
    : new Refusal('not_private', 'Everybody sees a public incident: it has no members.');
}
