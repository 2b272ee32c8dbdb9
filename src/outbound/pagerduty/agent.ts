import type { Agent } from '../../domain/incident/log-entry.ts';
import type { SnapshotService } from '../../domain/incident/snapshot.ts';
import { userOf } from './assigned.ts';
import type { Draft } from './draft.ts';
import type { Reference, References } from './reference.ts';

/**
 * Who did it, in PagerDuty's types: a person is a user, a ruleset the service it is, a webhook the service or else the
 * inbound integration that it is, and an API key an inbound integration, since that is what programs reach PagerDuty through. Null for timers, and for operators of Temporal,
 * of whom nothing is known that could be referred to: PagerDuty calls both automatic.
 */
export function agentReference(
  { type, id, name }: Agent,
  {
    references,
    service,
    people,
  }: { references: References; service: SnapshotService; people?: Draft['snapshot']['people'] },
): Reference | null {
  if (id === null) return null;
  if (type === 'member') return references.user(userOf(id, people ? { people } : {}, name));
  if (type === 'ruleset') return references.service(id === service.id ? service : { type: 'ruleset', id, name });
  if (type === 'webhook' && id === service.id) return references.service(service);
  return type === 'key' || type === 'webhook' ? references.integration({ id, name }) : null;
}

/** The same of an incident's own people and service. */
export function agentOf(agent: Agent, { snapshot, references }: Draft): Reference | null {
  const { service, people } = snapshot;
  return agentReference(agent, { references, service, ...(people ? { people } : {}) });
}

/** Only people and services, as V2 says of a change of the status: for whatever else did it, the service stands. */
export function userOrService(agent: Agent, draft: Draft): Reference {
  const person = agent.type === 'member' ? agentOf(agent, draft) : null;
  return person ?? draft.references.service(draft.snapshot.service);
}
