import { z } from 'zod';
import type { IncidentMembership } from '../../stores/incident-memberships.ts';
import { id, timestamp } from '../fields.ts';
import { agent, by, presentAgent } from './agent.ts';

export const newMembership = z
  .strictObject({ ...by, member_id: id })
  .meta({ examples: [{ member_id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d' }] });

export const membership = z.object({ member_id: id, name: z.string(), granted_by: agent, created_at: timestamp }).meta({
  id: 'IncidentMembership',
  examples: [
    {
      member_id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d',
      name: 'Ada',
      granted_by: { type: 'key', id: '01993c4a-6b70-7c22-8d9e-0f1a2b3c4d5e', name: 'Console' },
      created_at: '2026-03-15T19:12:04.311Z',
    },
  ],
});

export function presentMembership({ member, grantedBy, createdAt }: IncidentMembership): z.input<typeof membership> {
  return { member_id: member.id, name: member.name, granted_by: presentAgent(grantedBy), created_at: createdAt };
}
