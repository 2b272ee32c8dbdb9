import type { FieldError } from '../../domain/error-code.ts';
import type { Assignee } from '../../domain/incident/incident.ts';
import type { MemberStore } from '../../stores/members.ts';

export async function unknownAssignees(
  members: Pick<MemberStore, 'unknownAssignees'>,
  organisationId: string,
  assignees: Assignee[],
): Promise<FieldError[]> {
  const unknown = await members.unknownAssignees(organisationId, assignees);
  return unknown.map((index) => {
    const { type } = assignees[index]!;
    return { field: `assignees[${index}].id`, message: `is not a ${type} of this organisation` };
  });
}
