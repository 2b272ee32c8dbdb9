import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { Organisation } from '../../stores/organisations.ts';
import type { ApiDeps } from '../deps.ts';
import { id, text, timestamp } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';

const organisation = z
  .object({ id, name: z.string(), created_at: timestamp, default_team_id: id })
  .meta({ id: 'Organisation' });

const newOrganisation = z
  .object({
    ...organisation.shape,
    api_key: z.object({
      id,
      prefix: z.string().meta({ description: 'Tells keys apart.' }),
      key: z.string().meta({ description: 'The first key of the organisation. Shown once.' }),
    }),
  })
  .meta({ id: 'NewOrganisation' });

export function createOrganisationRoutes({ stores }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/organisation',
      summary: 'Create an organisation, its default team and its first key',
      description: 'Only the admin key may.',
      tag: 'Organisations',
      role: 'command',
      auth: 'key',
      body: z.strictObject({ name: text(255) }),
      responses: { 201: newOrganisation },
      refusals: ['permission_denied'],
      handler: ({ key, body, transaction }) => {
        if (!key.isAdmin) throw new Refusal('permission_denied', 'Only the admin key may create organisations.');
        return transaction(async (tx) => {
          const created = await stores.organisations.create(body.name, tx);
          const apiKey = await stores.apiKeys.create(created.id, 'First key', tx);
          return { status: 201 as const, body: { ...presentOrganisation(created), api_key: apiKey } };
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/organisation',
      summary: 'The organisation of the key',
      tag: 'Organisations',
      role: 'query',
      auth: 'key',
      responses: { 200: organisation },
      refusals: [],
      handler: async ({ key }) => ({
        status: 200,
        body: presentOrganisation(await stores.organisations.get(key.organisationId)),
      }),
    }),
  ];
}

function presentOrganisation({ id, name, createdAt, defaultTeamId }: Organisation): z.input<typeof organisation> {
  return { id, name, created_at: createdAt, default_team_id: defaultTeamId };
}
