import { z } from 'zod';
import { permissionDescriptions, permissions as allPermissions } from '../../domain/access/permission.ts';
import type { StoredApiKey } from '../../stores/api-keys.ts';
import { id, text, timestamp } from '../fields.ts';
import { agent, presentAgent } from '../incidents/agent.ts';
import { moment } from '../schedules/times.ts';

const permissions = z.enum(allPermissions).array();

const fields = {
  name: text(255),
  permissions: permissions
    .min(1, 'must name one permission or more')
    .max(allPermissions.length, `must be at most ${allPermissions.length}`)
    .refine((given) => new Set(given).size === given.length, 'must not name a permission twice')
    .meta({
      uniqueItems: true,
      description: allPermissions.map((name) => `\`${name}\`: ${permissionDescriptions[name]}`).join(' '),
    }),
  team_id: id.nullable().meta({
    description: "Whose incidents it opens where a request names no team; null: the organisation's default team.",
  }),
  member_id: id.nullable().meta({
    description: 'Whom it acts as: logs name the member, and it sees the private incidents that the member may see.',
  }),
  expires_at: moment.nullable().meta({ description: 'In the future; null: never.' }),
};

export const newApiKey = z
  .strictObject({
    name: fields.name,
    permissions: fields.permissions,
    team_id: fields.team_id.default(null),
    member_id: fields.member_id.default(null),
    expires_at: fields.expires_at.default(null),
  })
  .meta({ examples: [{ name: 'Terraform', permissions: ['view_data', 'manage_rulesets', 'manage_webhooks'] }] });

export const changedApiKey = z
  .strictObject(z.object(fields).partial().shape)
  .meta({ examples: [{ permissions: ['view_data', 'manage_rulesets'] }] });

export const rotation = z
  .strictObject({
    grace_seconds: z
      .int('must be a whole number of seconds')
      .min(0, 'must be 0 or more')
      .max(86_400, 'must be at most 86400 seconds, which are a day')
      .default(0)
      .meta({ description: 'For so many seconds the key before is taken too. 0: it is refused at once.' }),
  })
  .meta({ examples: [{ grace_seconds: 3_600 }] });

const example = {
  id: '01993c4b-1a2c-7d4e-9f50-6b7c8d9e0f1a',
  name: 'Terraform',
  prefix: 'tocsin_8Jq2Lx',
  permissions: ['view_data', 'manage_rulesets', 'manage_webhooks'],
  team_id: null,
  member_id: null,
  is_admin: false,
  created_by: { type: 'key', id: '01993c4b-1a2b-7c3d-8e4f-5a6b7c8d9e0f', name: 'Admin key' },
  created_at: '2026-03-01T09:00:00.000Z',
  expires_at: null,
  last_used_at: null,
  last_used_ip: null,
  rotated_at: null,
  previous_expires_at: null,
};

export const apiKey = z
  .object({
    id,
    name: z.string(),
    prefix: z.string().meta({ description: 'Its first characters: tells keys apart.' }),
    permissions,
    team_id: id.nullable(),
    member_id: id.nullable(),
    is_admin: z.boolean().meta({ description: 'Comes from the environment, and may make organisations.' }),
    created_by: agent.nullable().meta({ description: 'Null: it came with its organisation, or from the environment.' }),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().meta({ description: 'To the minute.' }),
    last_used_ip: z.string().nullable(),
    rotated_at: timestamp.nullable(),
    previous_expires_at: timestamp
      .nullable()
      .meta({ description: 'Until when the key before its last rotation is taken; null: it is not.' }),
  })
  .meta({ id: 'ApiKey', examples: [example] });

export const shownOnce = z
  .object({ ...apiKey.shape, key: z.string().meta({ description: 'The key. Shown once.' }) })
  .meta({ id: 'NewApiKey', examples: [{ ...example, key: 'tocsin_8Jq2Lx…' }] });

export function presentApiKey(row: StoredApiKey): z.input<typeof apiKey> {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    permissions: row.permissions,
    team_id: row.teamId,
    member_id: row.memberId,
    is_admin: row.isAdmin,
    created_by: row.createdBy && presentAgent(row.createdBy),
    created_at: row.createdAt,
    expires_at: row.expiresAt,
    last_used_at: row.lastUsedAt,
    last_used_ip: row.lastUsedIp,
    rotated_at: row.rotatedAt,
    previous_expires_at: row.previousExpiresAt,
  };
}
