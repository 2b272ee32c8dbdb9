import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { mostContactMethods } from '../../domain/notification/contact-method.ts';
import type { NewContactMethod } from '../../stores/contact-methods.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { nextCursor, page } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { requireMember } from './require-member.ts';
import {
  changedContactMethod,
  contactMethod,
  contactMethodPath,
  contactMethodWithSecret,
  memberPath,
  newContactMethod,
  presentContactMethod,
} from './schema.ts';
import { createVerificationRoutes } from './verification-routes.ts';

export function createContactMethodRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors, targetRefusal } = deps;
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/member/{member_id}/contact-method',
      summary: 'Add a way to reach a member',
      description: `Nothing is sent to it before it is verified. A member has at most ${mostContactMethods}.`,
      tag: 'Notifications',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: memberPath,
      body: newContactMethod,
      responses: { 201: contactMethodWithSecret },
      refusals: ['limit_reached'],
      handler: async ({ key: { organisationId }, params, body, transaction }) => {
        await requireMember(stores.members, organisationId, params);
        const refused = body.type === 'email' ? null : await targetRefusal(body.url);
        if (refused !== null) throw invalidField('url', refused);
        return transaction(async (tx) => {
          const { id: teamId, member_id: memberId } = params;
          const created = await stores.contactMethods.create(organisationId, teamId, memberId, draftOf(body), tx);
          if (created === 'unknown_member') throw notFound();
          if (created === 'full')
            throw new Refusal('limit_reached', `A member has at most ${mostContactMethods} contact methods.`);
          return { status: 201 as const, body: { ...presentContactMethod(created), secret: created.secret } };
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/member/{member_id}/contact-methods',
      summary: 'List the ways to reach a member, oldest first',
      tag: 'Notifications',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: memberPath,
      query: z.strictObject(page),
      responses: { 200: z.object({ contact_methods: z.array(contactMethod), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'contact_methods', organisationId, filters: { member: memberId } },
          query,
          (limit, after) =>
            stores.contactMethods.list(organisationId, memberId, { limit, after: after?.[0] as string | undefined }),
          ({ id }) => [id],
        );
        return { status: 200, body: { contact_methods: rows.map(presentContactMethod), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}',
      summary: 'One way to reach a member',
      tag: 'Notifications',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: contactMethodPath,
      responses: { 200: contactMethod },
      refusals: [],
      handler: async ({ key: { organisationId }, params }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        const found = await stores.contactMethods.get(organisationId, memberId, params.contact_method_id);
        if (!found) throw notFound();
        return { status: 200, body: presentContactMethod(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}',
      summary: 'Rename a way to reach a member',
      description: 'Where it leads stays as it was verified; for another address, add another method.',
      tag: 'Notifications',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: contactMethodPath,
      body: changedContactMethod,
      responses: { 200: contactMethod },
      refusals: [],
      handler: async ({ key: { organisationId }, params, body, transaction }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        return transaction(async (tx) => {
          const { contact_method_id: methodId } = params;
          const changed = await stores.contactMethods.update(organisationId, memberId, methodId, body, tx);
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentContactMethod(changed) };
        });
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}',
      summary: 'Delete a way to reach a member',
      description:
        'Refused while a notification rule of the member uses it. Its address or URL is not kept, and what was still to be sent to it is cancelled when it comes due.',
      tag: 'Notifications',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: contactMethodPath,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: async ({ key: { organisationId }, params, transaction }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        return transaction(async (tx) => {
          const left = await stores.contactMethods.remove(organisationId, memberId, params.contact_method_id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('contact method', left);
          return { status: 200 as const, body: { message: 'The contact method was deleted.' } };
        });
      },
    }),
    ...createVerificationRoutes(deps),
  ];
}

function draftOf(body: z.output<typeof newContactMethod>): NewContactMethod {
  if (body.type === 'email') return { type: body.type, name: body.name ?? body.address, address: body.address };
  const { type, url } = body;
  return { type, name: body.name ?? (type === 'slack' ? 'Slack' : 'Webhook'), url };
}
