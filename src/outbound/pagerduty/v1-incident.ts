import type { Agent } from '../../domain/incident/log-entry.ts';
import { shorten } from '../text.ts';
import { type Assigned, assignedOf, userOf } from './assigned.ts';
import { triggerType } from './channel.ts';
import type { Draft } from './draft.ts';
import { acknowledgements, assignedAt, lastStatusChange, openedBy } from './history.ts';
import { trim } from './limits.ts';
import { pendingActions } from './pending-actions.ts';
import { wholeSeconds } from './times.ts';
import { urgencyName } from './urgency.ts';

/**
 * The incident of V1, which names everything by itself instead of referring to it. `acknowledgers` is there only while
 * it is acknowledged, `resolved_by_user` only once it is resolved, and then nobody is assigned.
 */
export function v1Incident(draft: Draft) {
  const { snapshot, references, limits } = draft;
  const { incident, team, service, transition } = snapshot;
  const policy = incident.escalationPolicy ?? team;
  const resolved = incident.status === 'resolved';
  const assigned = resolved ? [] : assignedOf(draft);
  const user = assigned.find(({ type }) => type === 'user');
  const title = shorten(incident.name, limits.name);
  const changed = lastStatusChange(snapshot);
  return {
    id: incident.id,
    incident_number: incident.number,
    created_on: wholeSeconds(incident.createdAt),
    status: incident.status,
    pending_actions: pendingActions(incident.pendingActions),
    html_url: references.links.incident(incident.id),
    incident_key: incident.incidentKey && shorten(incident.incidentKey, limits.name),
    service: {
      id: service.id,
      name: shorten(service.name, limits.name),
      html_url: references.links.service(service.type, service.id),
      deleted_at: null,
      description: trim(service.description ?? '', limits).text,
    },
    escalation_policy: { id: policy.id, name: shorten(policy.name, limits.name), deleted_at: null },
    assigned_to_user: user ? personOf(user, draft) : null,
    trigger_summary_data: { subject: title, description: title },
    trigger_details_html_url: references.links.log(incident.id),
    trigger_type: triggerType(openedBy(snapshot)),
    last_status_change_on: wholeSeconds(changed.at),
    // Null also for whoever reported it: nobody changed anything yet.
    last_status_change_by: incident.status === 'triggered' ? null : userWho(changed.agent, draft),
    number_of_escalations: incident.trail?.escalations ?? 0,
    ...(resolved ? { resolved_by_user: userWho(changed.agent ?? transition.agent, draft) } : {}),
    assigned_to: assigned.map((one) => ({ at: wholeSeconds(assignedAt(snapshot)), object: objectOf(one, draft) })),
    ...(incident.status === 'acknowledged' ? { acknowledgers: acknowledgersOf(draft) } : {}),
    urgency: urgencyName(incident.urgency),
  };
}

/** Programs acknowledge too, but V1 has words for users alone. */
function acknowledgersOf(draft: Draft) {
  return acknowledgements(draft.snapshot).flatMap(({ at, agent }) => {
    const { type, id, name } = agent;
    if (type !== 'member' || id === null) return [];
    return [{ at: wholeSeconds(at), object: objectOf(userOf(id, draft.snapshot, name), draft) }];
  });
}

/** Null for what was no person: timeouts, and moves of the system or a program. */
function userWho(agent: Agent | undefined, draft: Draft) {
  if (agent?.type !== 'member' || agent.id === null) return null;
  return personOf(userOf(agent.id, draft.snapshot, agent.name), draft);
}

function objectOf(one: Assigned, draft: Draft) {
  return { ...personOf(one, draft), type: one.type };
}

function personOf({ type, id, name, email }: Assigned, { snapshot, references: { links }, limits }: Draft) {
  const pages = { user: links.member(snapshot.team.id, id), team: links.team(id), schedule: links.onCall(id) };
  return { id, name: name === null ? null : shorten(name, limits.name), email, html_url: pages[type] };
}
