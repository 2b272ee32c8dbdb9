import type { ServiceType } from '../domain/incident/snapshot.ts';

/** Where our API shows what payloads name. Until there is a console, people are led there too. */
export interface Links {
  incident(id: string): string;
  /** The log of an incident, which shows all its entries. */
  log(incidentId: string): string;
  team(id: string): string;
  member(teamId: string, id: string): string;
  /** Who is on call by a team's schedule. */
  onCall(teamId: string): string;
  service(type: ServiceType, id: string): string;
  webhook(id: string): string;
  escalationPolicy(id: string): string;
  subscription(id: string): string;
}

/** `publicUrl` comes without a trailing slash, as `PUBLIC_URL` is kept. */
export function createLinks(publicUrl: string): Links {
  return {
    incident: (id) => `${publicUrl}/v1/incident/${id}`,
    log: (incidentId) => `${publicUrl}/v1/incident/${incidentId}/log`,
    team: (id) => `${publicUrl}/v1/team/${id}`,
    member: (teamId, id) => `${publicUrl}/v1/team/${teamId}/member/${id}`,
    onCall: (teamId) => `${publicUrl}/v1/team/${teamId}/on-call`,
    service: (type, id) => `${publicUrl}/v1/${type}/${id}`,
    webhook: (id) => `${publicUrl}/v1/webhook/${id}`,
    escalationPolicy: (id) => `${publicUrl}/v1/escalation-policy/${id}`,
    subscription: (id) => `${publicUrl}/v1/subscription/${id}`,
  };
}
