import { z } from 'zod';
import { type FieldError, Refusal } from '../../domain/error-code.ts';
import { type PolicyDraft, validatePolicy } from '../../domain/escalation/validate-policy.ts';
import { type EscalationPolicy, mostPolicies, type PolicyRefusal } from '../../stores/escalation-policies.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { messageOf, nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { stillReferenced } from '../still-referenced.ts';
import { checkPolicy } from './check-policy.ts';
import { changedPolicy, changeOf, draftOf, newPolicy, policy, presentPolicy } from './schema.ts';
import { createSimulateRoute } from './simulate-route.ts';

const tag = 'Escalation policies';

export function createEscalationPolicyRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors } = deps;
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/escalation-policy',
      summary: 'Create an escalation policy',
      description: `An organisation has at most ${mostPolicies}.`,
      tag,
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      body: newPolicy,
      checkBody: checkPolicy,
      responses: { 201: policy },
      refusals: ['limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const created = await stores.escalationPolicies.create(key.organisationId, draftOf(body), tx);
          return { status: 201 as const, body: presentPolicy(storedOf(created)) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/escalation-policies',
      summary: 'List escalation policies, oldest first',
      tag,
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      query: z.strictObject(page),
      responses: { 200: z.object({ escalation_policies: z.array(policy), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'escalation-policies', organisationId },
          query,
          (limit, after) =>
            stores.escalationPolicies.list(organisationId, { limit, after: after?.[0] as number | undefined }),
          ({ number }) => [number],
        );
        return { status: 200, body: { escalation_policies: rows.map(presentPolicy), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/escalation-policy/{id}',
      summary: 'Show an escalation policy',
      tag,
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      responses: { 200: policy },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.escalationPolicies.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: presentPolicy(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/escalation-policy/{id}',
      summary: 'Change an escalation policy',
      description: 'Fields left out stay as they are. Incidents that have it keep the version they were given.',
      tag,
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      body: changedPolicy,
      checkBody: checkPolicy,
      responses: { 200: policy },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = (stored: PolicyDraft) => checked(changeOf(stored, body));
          const changed = await stores.escalationPolicies.update(key.organisationId, params.id, change, tx);
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentPolicy(storedOf(changed)) };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/escalation-policy/{id}',
      summary: 'Delete an escalation policy',
      description: 'Refused while a ruleset has it. Incidents that have it go on with the version they were given.',
      tag,
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      responses: { 200: messageOf('The escalation policy was deleted.') },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.escalationPolicies.remove(key.organisationId, params.id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('escalation policy', left);
          return { status: 200 as const, body: { message: 'The escalation policy was deleted.' } };
        }),
    }),
    createSimulateRoute(deps),
  ];
}

/** What stays may not fit what changes, which the body alone does not show. */
function checked(draft: PolicyDraft): { draft: PolicyDraft } | { errors: FieldError[] } {
  const errors = validatePolicy(draft);
  return errors.length > 0 ? { errors } : { draft };
}

function storedOf(result: EscalationPolicy | PolicyRefusal): EscalationPolicy {
  if (result === 'full')
    throw new Refusal('limit_reached', `An organisation has at most ${mostPolicies} escalation policies.`);
  if ('errors' in result) throw new Refusal('invalid_fields', 'Some fields are invalid.', result.errors);
  return result;
}
