import type { User } from '../../../stores/users.ts';
import type { ApiDeps } from '../../deps.ts';
import { notFound } from '../../errors.ts';
import { defineRoute, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { readIncidentIoPage } from '../paging.ts';
import { incidentIoSurface } from '../surface.ts';
import { identity, presentIdentity } from './identity.ts';
import { allUsers, oneUser, presentUser, usersQuery } from './schema.ts';

const common = {
  tag: 'incident.io users',
  auth: 'key',
  surface: incidentIoSurface,
  method: 'GET',
  role: 'query',
  permission: 'view_data',
} as const;

/** incident.io's users, which are the members of all teams, and what it says of a key. */
export function createUserRoutes({ stores, publicUrl }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...common,
      path: '/v2/users',
      summary: 'List the members of all teams as users, oldest first',
      query: usersQuery,
      responses: { 200: allUsers },
      refusals: [],
      handler: async ({ key, query }) => {
        const { email, slack_user_id: slack } = query;
        const { rows, paginationMeta } = await readIncidentIoPage<User>(query, async (limit, after) =>
          slack === undefined ? stores.users.list(key.organisationId, { email }, { limit, after }) : [],
        );
        return { status: 200, body: { users: rows.map(presentUser), pagination_meta: paginationMeta } };
      },
    }),
    defineRoute({
      ...common,
      path: '/v2/users/{id}',
      summary: 'One member as a user',
      params: incidentIoPath,
      responses: { 200: oneUser },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await stores.users.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { user: presentUser(found) } };
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/identity',
      summary: 'Whose key this is, and what it may do, in the words of incident.io',
      responses: { 200: identity },
      refusals: [],
      handler: async ({ key }) => ({ status: 200, body: { identity: presentIdentity(key, publicUrl) } }),
    }),
  ];
}
