import { z } from 'zod';
import type { Permission } from '../../../domain/access/permission.ts';
import type { ApiKey } from '../../../stores/api-keys.ts';

/** What incident.io calls what a key of ours may do; for some it has several words, for some none. */
const roleNames: Readonly<Record<Permission, readonly string[]>> = {
  create_incidents: ['incident_creator'],
  view_data: ['viewer'],
  view_private_incidents: ['global_access'],
  edit_incidents: ['incident_editor', 'incident_memberships_editor'],
  manage_rulesets: ['workflows_editor'],
  manage_webhooks: [],
  manage_schedules: ['schedules_editor', 'schedule_overrides_editor'],
  manage_settings: ['manage_settings'],
  manage_keys: ['api_keys_manage'],
};

export const identity = z
  .object({
    identity: z.object({
      name: z.string(),
      roles: z.array(z.string()),
      dashboard_url: z.url(),
      teams: z.array(z.never()).meta({ description: 'Always empty: keys belong to the organisation.' }),
      team_roles: z.array(z.never()),
    }),
  })
  .meta({
    examples: [
      {
        identity: {
          name: 'Zendesk',
          roles: ['incident_creator', 'viewer'],
          dashboard_url: 'https://tocsin.example.com',
          teams: [],
          team_roles: [],
        },
      },
    ],
  });

export function presentIdentity(
  { name, permissions }: Pick<ApiKey, 'name' | 'permissions'>,
  publicUrl: string,
): z.input<typeof identity>['identity'] {
  const roles = permissions.flatMap((permission) => roleNames[permission]);
  return { name, roles: [...roles].sort(), dashboard_url: publicUrl, teams: [], team_roles: [] };
}
