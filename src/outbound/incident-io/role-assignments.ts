import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Bounds } from '../fitting.ts';
import { shorten } from '../text.ts';
import { userOf } from './actor.ts';
import { microseconds } from './times.ts';
import { ulidOf } from './ulid.ts';

/** Who has which role of the organisation. Snapshots of earlier releases know none. */
export function roleAssignments(snapshot: IncidentSnapshot, { name, list }: Bounds) {
  const { roleAssignments: assignments = [] } = snapshot.incident;
  return assignments.slice(0, list).map((role) => ({
    role: {
      id: ulidOf(role.id),
      name: shorten(role.name, name),
      description: shorten(role.description, name),
      instructions: shorten(role.instructions, name),
      shortform: shorten(role.shortform, name),
      role_type: role.roleType,
      required: role.required,
      created_at: microseconds(role.createdAt),
      updated_at: microseconds(role.updatedAt),
    },
    assignee: userOf({ id: role.memberId, name: '' }, snapshot, name),
  }));
}
