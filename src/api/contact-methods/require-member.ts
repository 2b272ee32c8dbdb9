import type { Member, MemberStore } from '../../stores/members.ts';
import { notFound } from '../errors.ts';

/** The member of this team. Throws `Refusal` `not_found`. */
export async function requireMember(
  members: Pick<MemberStore, 'get'>,
  organisationId: string,
  params: { id: string; member_id: string },
): Promise<Member> {
  const member = await members.get(organisationId, params.member_id);
  if (member?.teamId !== params.id) throw notFound();
  return member;
}
