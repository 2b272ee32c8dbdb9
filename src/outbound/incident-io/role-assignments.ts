import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Deed } from '../../domain/incident/trail.ts';
import type { Bounds } from '../fitting.ts';
import { userOf } from './actor.ts';
import { always } from './times.ts';
import { derivedUlid } from './ulid.ts';

/** The two roles that every account of incident.io has, and two of our own. */
const roles = {
  reporter: { name: 'Reporter', role_type: 'reporter', description: 'Opened the incident.' },
  lead: { name: 'Incident Lead', role_type: 'lead', description: 'Acknowledged it.' },
  assignee: { name: 'Assignee', role_type: 'custom', description: 'Is asked to act.' },
  responder: { name: 'Responder', role_type: 'custom', description: 'Was asked to help.' },
} as const;

type Role = keyof typeof roles;

/** Who does what. Of many in one role only the first; whoever declined to help has none. */
export function roleAssignments(snapshot: IncidentSnapshot, { name, list }: Bounds) {
  const { trail, assigned = [], responders = [] } = snapshot.incident;
  const given: Record<Role, Member[]> = {
    reporter: membersIn(trail?.opened ? [trail.opened] : []),
    lead: membersIn(trail?.acknowledgements ?? []),
    assignee: assigned.map((id) => ({ id, name: '' })),
    responder: responders.filter(({ state }) => state !== 'declined').map(({ memberId: id }) => ({ id, name: '' })),
  };
  return (Object.keys(roles) as Role[]).flatMap((role) =>
    given[role].slice(0, list).map((member) => ({
      role: describe(snapshot.organisation.id, role),
      assignee: userOf(member, snapshot, name),
    })),
  );
}

interface Member {
  id: string;
  /** As it was known when it acted; of everybody else only `people` says it. */
  name: string;
}

function membersIn(deeds: Deed[]): Member[] {
  return deeds.flatMap(({ agent: { type, id, name } }) => (type === 'member' && id !== null ? [{ id, name }] : []));
}

function describe(organisationId: string, role: Role) {
  return {
    id: derivedUlid(organisationId, 'incident_role', role),
    ...roles[role],
    shortform: role,
    instructions: '',
    required: false,
    created_at: always,
    updated_at: always,
  };
}
