import { z } from 'zod';
import type { User } from '../../../stores/users.ts';
import { optionalText } from '../../fields.ts';
import { answeredId, ulidOf } from '../ids.ts';
import { incidentIoPage, paginationMeta } from '../paging.ts';

/** A member, as incidents name whoever has a role in them. Members have none of incident.io's account roles. */
export const user = z
  .object({
    id: answeredId,
    name: z.string(),
    email: z.string().optional().meta({ description: 'Missing of members who are gone.' }),
    role: z
      .literal('unset')
      .meta({ description: 'Always `unset`: what incident.io calls roles of users there is not.' }),
  })
  .meta({
    id: 'IncidentIoUser',
    examples: [{ id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'Ada', email: 'ada@example.com', role: 'unset' }],
  });

const role = z.object({ id: answeredId, name: z.string(), slug: z.string() });
/** Every member may do what the key of the request may: there is one role for all. */
const baseRole = { id: '00000000000000000000000000', name: 'Member', slug: 'member' };

const userWithRoles = z
  .object({
    id: answeredId,
    name: z.string(),
    email: z.string(),
    role: z.literal('unset'),
    is_active: z.literal(true),
    base_role: role,
    custom_roles: z.array(role).meta({ examples: [[]] }),
    seats: z.object({ on_call: z.literal('full_access'), response: z.literal('full_access') }),
  })
  .meta({
    id: 'IncidentIoUserWithRoles',
    examples: [
      {
        id: '01FCNDV6P870EA6S7TK1DSYDG0',
        name: 'Ada',
        email: 'ada@example.com',
        role: 'unset',
        is_active: true,
        base_role: baseRole,
        custom_roles: [],
        seats: { on_call: 'full_access', response: 'full_access' },
      },
    ],
  });

export const usersQuery = z.strictObject({
  ...incidentIoPage,
  email: optionalText(254).optional().meta({ description: 'Whoever has this address, in whatever case.' }),
  slack_user_id: optionalText(100).optional().meta({ description: 'Of no member: they are known by e-mail.' }),
  include_inactive: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Passed over: members who are gone are gone.' }),
});

export const oneUser = z.object({ user: userWithRoles });
export const allUsers = z.object({ users: z.array(userWithRoles), pagination_meta: paginationMeta });

export function presentUser({ id, name, email }: User): z.input<typeof userWithRoles> {
  return {
    id: ulidOf(id),
    name,
    email,
    role: 'unset',
    is_active: true,
    base_role: baseRole,
    custom_roles: [],
    seats: { on_call: 'full_access', response: 'full_access' },
  };
}
