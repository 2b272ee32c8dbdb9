import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Draft } from './draft.ts';
import type { Reference } from './reference.ts';

/** Somebody whom an incident is assigned to. Of a team or a schedule only where nobody is known whom it stands for. */
export interface Assigned {
  type: 'user' | 'team' | 'schedule';
  id: string;
  name: string | null;
  email: string | null;
  /** Whose page shows a user; absent where it is not known. */
  teamId?: string;
}

/** Each once, in order; as many as the limits allow. Snapshots of earlier releases do not say whom a team stood for. */
export function assignedOf({ snapshot, limits }: Pick<Draft, 'snapshot' | 'limits'>): Assigned[] {
  const { assigned = [], assignees } = snapshot.incident;
  const all = assigned.length > 0 ? assigned.map((id) => userOf(id, snapshot)) : assignees.map(targetOf(snapshot));
  const byKey = new Map(all.map((one) => [`${one.type}:${one.id}`, one]));
  return [...byKey.values()].slice(0, limits.list);
}

export function assignedReference(one: Assigned, { references }: Draft): Reference {
  if (one.type === 'user') return references.user(one);
  if (one.type === 'schedule') return references.schedule(one.id, one.name);
  return references.team(one);
}

export function userOf(id: string, { people = [] }: Pick<IncidentSnapshot, 'people'>, knownAs?: string): Assigned {
  const person = people.find((one) => one.id === id);
  const known = { name: person?.name ?? knownAs ?? null, email: person?.email ?? null };
  const team = person?.teamId === undefined ? {} : { teamId: person.teamId };
  return { type: 'user', id, ...known, ...team };
}

function targetOf(snapshot: IncidentSnapshot) {
  return ({ type, id }: IncidentSnapshot['incident']['assignees'][number]): Assigned => {
    if (type === 'member') return userOf(id, snapshot);
    return { type, id, name: id === snapshot.team.id ? snapshot.team.name : null, email: null };
  };
}
