import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { Member, MemberRefusal } from '../../stores/members.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { id, nextCursor, page, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { deletion, stillReferenced } from '../still-referenced.ts';
import { changedMember, member, newMember, presentMember } from './schema.ts';

const memberPath = z.object({ id, member_id: id });

export function createMemberRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/member',
      summary: 'Add a member to a team',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: pathId,
      body: newMember,
      responses: { 201: member },
      refusals: ['already_exists'],
      handler: async ({ key: { organisationId }, params, body, transaction }) => {
        return transaction(async (tx) => {
          const draft = { teamId: params.id, name: body.name, email: body.email, timeZone: body.time_zone };
          const created = stored(await stores.members.create(organisationId, draft, tx));
          return { status: 201 as const, body: presentMember(created) };
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/member/{member_id}',
      summary: 'One member of a team',
      tag: 'Teams',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: memberPath,
      responses: { 200: member },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.members.get(key.organisationId, params.member_id);
        if (found?.teamId !== params.id) throw notFound();
        return { status: 200, body: presentMember(found) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/team/{id}/member/{member_id}',
      summary: 'Change a member of a team',
      description: 'Fields left out stay as they are.',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: memberPath,
      body: changedMember,
      responses: { 200: member },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = { name: body.name, email: body.email, timeZone: body.time_zone };
          const { organisationId } = key;
          const changed = stored(await stores.members.update(organisationId, params.id, params.member_id, change, tx));
          return { status: 200 as const, body: presentMember(changed) };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/team/{id}/member/{member_id}',
      summary: 'Delete a member of a team',
      description:
        'Refused while rulesets or open incidents are assigned to the member, or a schedule entry or override names the member. Past shifts and the timelines of incidents keep the name; the e-mail address is not kept.',
      tag: 'Teams',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: memberPath,
      responses: { 200: deletion },
      refusals: ['still_referenced'],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const left = await stores.members.remove(key.organisationId, params.id, params.member_id, tx);
          if (!left) throw notFound();
          if (left.length > 0) throw stillReferenced('member', left);
          return { status: 200 as const, body: { message: 'The member was deleted.' } };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/members',
      summary: 'List the members of a team, oldest first',
      tag: 'Teams',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ members: z.array(member), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        if (!(await stores.teams.get(organisationId, params.id))) throw notFound();
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'members', organisationId, filters: { team: params.id } },
          query,
          (limit, after) =>
            stores.members.list(organisationId, params.id, { limit, after: after?.[0] as string | undefined }),
          ({ id }) => [id],
        );
        return { status: 200, body: { members: rows.map(presentMember), next_cursor: nextCursor } };
      },
    }),
  ];
}

/** The member, or the refusal that stands for why there is none. */
function stored(result: Member | MemberRefusal): Member {
  if (result === 'unknown_team' || result === 'unknown_member') throw notFound();
  if (result !== 'address_taken') return result;
  throw new Refusal('already_exists', 'The team has a member with this e-mail address.', [
    { field: 'email', message: 'belongs to a member of the team' },
  ]);
}
