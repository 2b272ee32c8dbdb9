import { z } from 'zod';
import type { Agent } from '../../domain/incident/log-entry.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import type { MemberStore } from '../../stores/members.ts';
import { id } from '../fields.ts';

/** Who did something. */
export const agent = z.object({
  type: z.enum(['member', 'key', 'ruleset', 'webhook', 'timer', 'operator']),
  id: id.nullable(),
  name: z.string(),
});

export const by = {
  by: id
    .nullable()
    .default(null)
    .meta({ description: 'The member who does it; else it is the key, or the member as whom that acts.' }),
};

export function presentAgent({ type, id: agentId, name }: Agent): z.input<typeof agent> {
  return { type, id: agentId, name };
}

/** The member as whom it acts, else the key itself. */
export function agentOfKey({ id: keyId, name, memberId, memberName }: ApiKey): Agent {
  const isMember = memberId !== null && memberName !== null;
  return isMember ? { type: 'member', id: memberId, name: memberName } : { type: 'key', id: keyId, name };
}

/** Undefined when `memberId` is no member of the organisation. */
export async function agentOf(
  members: Pick<MemberStore, 'get'>,
  key: ApiKey,
  memberId: string | null,
): Promise<Agent | undefined> {
  if (memberId === null) return agentOfKey(key);
  const member = await members.get(key.organisationId, memberId);
  return member && { type: 'member', id: member.id, name: member.name };
}
