import { z } from 'zod';
import type { FieldError } from '../../../domain/error-code.ts';
import type { UserStore } from '../../../stores/users.ts';
import { optionalText } from '../../fields.ts';
import { incidentIoId } from '../ids.ts';

/** Whom a task is given to, in incident.io's two ways of saying so: null for nobody. */
export const assigneeFields = {
  assignee_id: incidentIoId.nullish(),
  assignee: z
    .object({ id: incidentIoId.nullish(), email: optionalText(254).nullish() })
    .nullish()
    .meta({ description: 'Instead of `assignee_id`, also by e-mail.' }),
};

export interface GivenAssignee {
  assignee_id?: string | null | undefined;
  assignee?: { id?: string | null | undefined; email?: string | null | undefined } | null | undefined;
}

/** What the schemas cannot say: which of the two counts. */
export function checkAssignee(given: unknown): FieldError[] {
  const { assignee, assignee_id: id } = (given ?? {}) as GivenAssignee;
  const both = (assignee ?? null) !== null && (id ?? null) !== null;
  return both ? [{ field: 'assignee', message: 'must not be given beside assignee_id' }] : [];
}

/** The id of the member; null: nobody; undefined: it was not said. An object says what is wrong with it. */
export async function assigneeIdOf(
  users: Pick<UserStore, 'among'>,
  organisationId: string,
  given: GivenAssignee,
): Promise<string | null | undefined | FieldError> {
  const { assignee, assignee_id: directly } = given;
  const id = directly ?? assignee?.id ?? null;
  const email = id === null ? (assignee?.email?.trim().toLowerCase() ?? '') : '';
  if (id === null && email === '') return directly === undefined && assignee === undefined ? undefined : null;
  const [user] = await users.among(organisationId, id === null ? [] : [id], email === '' ? [] : [email]);
  if (user) return user.id;
  const message = 'is not a member of this organisation';
  if (id !== null) return { field: directly ? 'assignee_id' : 'assignee.id', message };
  return { field: 'assignee.email', message: 'is not the address of a member of this organisation' };
}
