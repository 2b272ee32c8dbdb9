import type { SnapshotPolicy, SnapshotService, SnapshotTeam } from '../../domain/incident/snapshot.ts';
import { createLinks, type Links } from '../links.ts';
import { shorten } from '../text.ts';
import type { Limits } from './limits.ts';

/** How PagerDuty names one resource inside of another. `summary` is null where no name is known. */
export interface Reference {
  html_url: string | null;
  id: string;
  self: string | null;
  summary: string | null;
  type: string;
}

export interface References {
  links: Links;
  user(person: { id: string; name: string | null; teamId?: string }): Reference;
  team(team: { id: string; name: string | null }): Reference;
  schedule(teamId: string, name: string | null): Reference;
  service(service: Pick<SnapshotService, 'type' | 'id' | 'name'>): Reference;
  /** Without a policy the team stands in: receivers read `escalation_policy.id` unasked. */
  escalationPolicy(policy: SnapshotPolicy | null | undefined, team: SnapshotTeam): Reference;
  incident(incident: { id: string }, summary: string): Reference;
  /** Ours are words and have no page: the incident is where one stands. */
  priority(priority: string, incident: { id: string }): Reference;
  /** A key that a program of the customer's calls our API with. There is no page for it. */
  integration(key: { id: string; name: string }): Reference;
}

/** `team`: whose page shows people of whom no team is known; null when what is told of belongs to no team. */
export function createReferences(publicUrl: string, limits: Limits, team: SnapshotTeam | null): References {
  const links = createLinks(publicUrl);
  const refer = (type: string, id: string, name: string | null, url: string | null): Reference => ({
    html_url: url,
    id,
    self: url,
    summary: name === null ? null : shorten(name, limits.name),
    type: `${type}_reference`,
  });
  return {
    links,
    user: ({ id, name, teamId = team?.id }) =>
      refer('user', id, name, teamId === undefined ? null : links.member(teamId, id)),
    team: ({ id, name }) => refer('team', id, name, links.team(id)),
    schedule: (teamId, name) => refer('schedule', teamId, name, links.onCall(teamId)),
    service: ({ type, id, name }) => refer('service', id, name, links.service(type, id)),
    escalationPolicy: (policy, standIn) =>
      policy
        ? refer('escalation_policy', policy.id, policy.name, links.escalationPolicy(policy.id))
        : refer('escalation_policy', standIn.id, standIn.name, links.team(standIn.id)),
    incident: ({ id }, summary) => refer('incident', id, summary, links.incident(id)),
    priority: (priority, { id }) => refer('priority', shorten(priority, limits.name), priority, links.incident(id)),
    integration: ({ id, name }) => refer('inbound_integration', id, name, null),
  };
}
