import { Refusal } from '../../../domain/error-code.ts';
import { viewerOf } from '../../../stores/api-keys.ts';
import type { ApiDeps } from '../../deps.ts';
import { invalidField } from '../../errors.ts';
import { agentOfKey } from '../../incidents/agent.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoSurface } from '../surface.ts';
import { createdMembership, membershipBody, presentMembership } from './schema.ts';

const common = {
  tag: 'incident.io incident memberships',
  auth: 'key',
  surface: incidentIoSurface,
  method: 'POST',
  role: 'command',
  permission: 'edit_incidents',
  body: membershipBody,
} as const;

/** incident.io's memberships of private incidents (https://docs.incident.io, "Incident Memberships V1"). */
export function createIncidentIoMembershipRoutes({ stores }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...common,
      path: '/v1/incident_memberships',
      summary: 'Make a user a member of a private incident',
      description: 'Who is one already stays one.',
      responses: { 201: createdMembership },
      refusals: ['not_private'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const { incident_id: incidentId, user_id: memberId } = body;
          const request = { incidentId, memberId, agent: agentOfKey(key), viewer: viewerOf(key) };
          const granted = await stores.memberships.grant(key.organisationId, request, tx);
          if (granted === 'unknown_member') throw invalidField('user_id', 'is not a user of this organisation');
          if (typeof granted === 'string') throw refusalOf(granted);
          return { status: 201 as const, body: { incident_membership: presentMembership(granted.membership) } };
        }),
    }),
    defineRoute({
      ...common,
      path: '/v1/incident_memberships/actions/revoke',
      summary: "Revoke a user's membership of a private incident",
      description: 'Of a user who is no member, too: it is so already.',
      responses: { 204: noContent },
      refusals: ['not_private'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const { incident_id: incidentId, user_id: memberId } = body;
          const request = { incidentId, memberId, agent: agentOfKey(key), viewer: viewerOf(key) };
          const revoked = await stores.memberships.revoke(key.organisationId, request, tx);
          if (revoked === 'unknown_incident' || revoked === 'not_private') throw refusalOf(revoked);
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}

/** The incident is named in the body: an unknown one is a fault of that. */
function refusalOf(refused: 'unknown_incident' | 'not_private'): Refusal {
  return refused === 'unknown_incident'
    ? invalidField('incident_id', 'is not an incident of this organisation')
    : new Refusal('not_private', 'Everybody sees a public incident: it has no members.');
}
