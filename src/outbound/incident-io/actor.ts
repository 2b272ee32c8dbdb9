import type { Agent } from '../../domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Bounds } from '../fitting.ts';
import { shorten } from '../text.ts';
import { ulidOf } from './ulid.ts';

/**
 * Who made the incident: one of incident.io's four. A ruleset turned an event into it, as an alert route turns an alert:
 * the event is the `alert`. Where the event is not known, the ruleset is the `workflow` that made it.
 */
export function creatorOf(snapshot: IncidentSnapshot, { name }: Bounds) {
  const { incident, service, transition } = snapshot;
  const first = transition.type === 'triggered' ? transition.agent : null;
  const agent: Pick<Agent, 'type' | 'id' | 'name'> = incident.trail?.opened?.agent ??
    first ?? { type: 'ruleset', id: service.id, name: service.name };
  const id = agent.id ?? agent.name;
  if (agent.type === 'member') return { user: userOf({ id, name: agent.name }, snapshot, name) };
  const named = { id: ulidOf(id), name: shorten(agent.name, name) };
  if (agent.type === 'key') return { api_key: named };
  if (incident.eventId) return { alert: { id: ulidOf(incident.eventId), title: shorten(incident.name, name) } };
  return { workflow: named };
}

/** The member as a user. Ours have no role that is one of incident.io's; of one who is gone there is no e-mail. */
export function userOf(member: { id: string; name: string }, { people = [] }: IncidentSnapshot, bytes: number) {
  const person = people.find(({ id }) => id === member.id);
  return {
    id: ulidOf(member.id),
    name: shorten(person?.name ?? member.name, bytes),
    ...(person ? { email: shorten(person.email, bytes) } : {}),
    role: 'unset',
  };
}
