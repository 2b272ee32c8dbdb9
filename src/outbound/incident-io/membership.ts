import type { IncidentEventSnapshot } from '../../domain/webhook/incident-event.ts';
import { ulidOf } from './ulid.ts';

/** Who may see a private incident, or no longer: ids alone. The actor is left out where that is no user. */
export function membershipOf({ agent, incident, member }: IncidentEventSnapshot & { kind: 'membership' }) {
  const actor = agent.type === 'member' && agent.id !== null ? { actor_user_id: ulidOf(agent.id) } : {};
  return { ...actor, incident_id: ulidOf(incident.id), user_id: ulidOf(member.id) };
}
