import { v7 as uuid } from 'uuid';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Agent } from '../domain/incident/log-entry.ts';
import type { Visibility } from '../domain/incident/snapshot.ts';
import type { MembershipChange } from '../domain/webhook/incident-event.ts';
import { logOfIncident, tellOfIncident } from './incident-events.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { isVisibleTo } from './visibility.ts';

/** That a member may see a private incident. */
export interface IncidentMembership {
  id: string;
  incidentId: string;
  member: { id: string; name: string; email: string };
  grantedBy: Agent;
  createdAt: string;
}

/** Whose membership of which incident somebody changes, and who that is: it has to be one whom the viewer may see. */
export interface MembershipRequest {
  incidentId: string;
  memberId: string;
  agent: Agent;
  viewer: Viewer;
}

export type MembershipRefusal = 'unknown_incident' | 'not_private';

/** What is done is logged, and told to the subscriptions that ask for it, in the same transaction. */
export interface IncidentMembershipStore {
  /** Those of one incident, oldest first; `after` is the last one seen. */
  list(
    organisationId: string,
    incidentId: string,
    page: { limit: number; after?: { createdAt: string; id: string } | undefined },
  ): Promise<IncidentMembership[]>;
  /** `isNew` is false for a member that was one: then nothing happens. */
  grant(
    organisationId: string,
    request: MembershipRequest,
    tx: Transaction,
  ): Promise<{ membership: IncidentMembership; isNew: boolean } | MembershipRefusal | 'unknown_member'>;
  revoke(
    organisationId: string,
    request: MembershipRequest,
    tx: Transaction,
  ): Promise<'revoked' | MembershipRefusal | 'unknown_membership'>;
}

export function createIncidentMembershipStore(sql: Sql): IncidentMembershipStore {
  return {
    list: (organisationId, incidentId, { limit, after }) => sql<IncidentMembership[]>`
      SELECT ${columns(sql)} FROM incident_memberships im JOIN members m ON m.id = im.member_id
      WHERE im.organisation_id = ${organisationId} AND im.incident_id = ${incidentId}
        ${after === undefined ? sql`` : sql`AND (im.created_at, im.id) > (${after.createdAt}::text::timestamptz, ${after.id})`}
      ORDER BY im.created_at, im.id LIMIT ${limit}`,

    async grant(organisationId, request, tx) {
      const { incidentId, memberId, agent } = request;
      const refused = await lockPrivate(tx, organisationId, request);
      if (refused) return refused;
      const [member] = await tx<{ name: string }[]>`
        SELECT name FROM members
        WHERE organisation_id = ${organisationId} AND id = ${memberId} AND deleted_at IS NULL FOR KEY SHARE`;
      if (!member) return 'unknown_member';
      const added = await tx`
        INSERT INTO incident_memberships (id, organisation_id, incident_id, member_id, granted_by)
        VALUES (${uuid()}, ${organisationId}, ${incidentId}, ${memberId}, ${tx.json(agent as never)})
        ON CONFLICT (incident_id, member_id) DO NOTHING RETURNING id`;
      if (added.length > 0) await record(tx, organisationId, request, 'granted', member.name);
      const [membership] = await tx<IncidentMembership[]>`
        SELECT ${columns(tx)} FROM incident_memberships im JOIN members m ON m.id = im.member_id
        WHERE im.organisation_id = ${organisationId} AND im.incident_id = ${incidentId} AND im.member_id = ${memberId}`;
      return { membership: membership!, isNew: added.length > 0 };
    },

    async revoke(organisationId, request, tx) {
      const { incidentId, memberId } = request;
      const refused = await lockPrivate(tx, organisationId, request);
      if (refused) return refused;
      const [gone] = await tx<{ name: string }[]>`
        DELETE FROM incident_memberships im USING members m
        WHERE im.organisation_id = ${organisationId} AND im.incident_id = ${incidentId} AND im.member_id = ${memberId}
          AND m.id = im.member_id
        RETURNING m.name`;
      if (!gone) return 'unknown_membership';
      await record(tx, organisationId, request, 'revoked', gone.name);
      return 'revoked';
    },
  };
}

function columns(sql: Queryable) {
  return sql`im.id, im.incident_id, im.granted_by, im.created_at,
    jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email) AS member`;
}

/** Locks the incident's row, so that what is logged of it has an order. */
async function lockPrivate(
  tx: Transaction,
  organisationId: string,
  { incidentId, viewer }: MembershipRequest,
): Promise<MembershipRefusal | undefined> {
  const [incident] = await tx<{ visibility: Visibility }[]>`
    SELECT visibility FROM incidents
    WHERE organisation_id = ${organisationId} AND id = ${incidentId} AND ${isVisibleTo(tx, viewer, 'incidents')}
    FOR NO KEY UPDATE`;
  if (!incident) return 'unknown_incident';
  return incident.visibility === 'private' ? undefined : 'not_private';
}

async function record(
  tx: Transaction,
  organisationId: string,
  { incidentId, memberId, agent }: MembershipRequest,
  change: MembershipChange['change'],
  name: string,
): Promise<void> {
  const at = new Date().toISOString();
  const details = { member_id: memberId, member_name: name };
  await logOfIncident(tx, organisationId, incidentId, { type: `membership_${change}`, at, agent, details });
  const event = { kind: 'membership', change, member: { id: memberId, name } } as const;
  await tellOfIncident(tx, organisationId, incidentId, { event, at, agent });
}
