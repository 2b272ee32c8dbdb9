import { z } from 'zod';
import { permissions } from '../../domain/access/permission.ts';
import { Refusal } from '../../domain/error-code.ts';
import type { Organisation } from '../../stores/organisations.ts';
import { stored } from '../api-keys/require.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField } from '../errors.ts';
import { id, text, timestamp } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';

const organisation = z.object({ id, name: z.string(), created_at: timestamp, default_team_id: id }).meta({
  id: 'Organisation',
  examples: [
    {
      id: '01993c4b-1a2b-7c3d-8e4f-5a6b7c8d9e0f',
      name: 'Acme',
      created_at: '2026-03-01T09:00:00.000Z',
      default_team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
    },
  ],
});

const changedOrganisation = z
  .strictObject({ name: text(255).optional(), default_team_id: id.optional() })
  .meta({ examples: [{ name: 'Acme Europe' }] });

const newOrganisation = z
  .object({
    ...organisation.shape,
    api_key: z.object({
      id,
      prefix: z.string().meta({ description: 'Tells keys apart.' }),
      key: z.string().meta({ description: 'The first key of the organisation. Shown once.' }),
    }),
  })
  .meta({
    id: 'NewOrganisation',
    examples: [
      {
        id: '01993c4b-1a2b-7c3d-8e4f-5a6b7c8d9e0f',
        name: 'Acme',
        created_at: '2026-03-01T09:00:00.000Z',
        default_team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        api_key: { id: '01993c4b-1a2c-7d4e-9f50-6b7c8d9e0f1a', prefix: 'tocsin_8Jq2', key: 'tocsin_8Jq2…' },
      },
    ],
  });

const firstKey = { name: 'First key', permissions: [...permissions], teamId: null, memberId: null, expiresAt: null };

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
      permission: 'manage_settings',
      body: z.strictObject({ name: text(255) }).meta({ examples: [{ name: 'Acme' }] }),
      responses: { 201: newOrganisation },
      refusals: ['permission_denied'],
      handler: ({ key, body, transaction }) => {
        if (!key.isAdmin) throw new Refusal('permission_denied', 'Only the admin key may create organisations.');
        return transaction(async (tx) => {
          const created = await stores.organisations.create(body.name, tx);
          // By nobody whom it knows: the admin key is another organisation's.
          const { id, prefix, key: text } = stored(await stores.apiKeys.create(created.id, firstKey, null, tx));
          return {
            status: 201 as const,
            body: { ...presentOrganisation(created), api_key: { id, prefix, key: text } },
          };
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
      permission: 'view_data',
      responses: { 200: organisation },
      refusals: [],
      handler: async ({ key }) => ({
        status: 200,
        body: presentOrganisation(await stores.organisations.get(key.organisationId)),
      }),
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/organisation',
      summary: 'Change the organisation of the key',
      description: 'Fields left out stay as they are. The default team cannot be deleted; name another one first.',
      tag: 'Organisations',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      body: changedOrganisation,
      responses: { 200: organisation },
      refusals: [],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const change = { name: body.name, defaultTeamId: body.default_team_id };
          const changed = await stores.organisations.update(key.organisationId, change, tx);
          if (!changed) throw invalidField('default_team_id', 'is not a team of this organisation');
          return { status: 200 as const, body: presentOrganisation(changed) };
        }),
    }),
  ];
}

function presentOrganisation({ id, name, createdAt, defaultTeamId }: Organisation): z.input<typeof organisation> {
  return { id, name, created_at: createdAt, default_team_id: defaultTeamId };
}
