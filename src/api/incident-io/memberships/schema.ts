import { z } from 'zod';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import type { IncidentMembership } from '../../../stores/incident-memberships.ts';
import { answeredId, answeredTime, incidentIoId, ulidOf } from '../ids.ts';
import { user } from '../users/schema.ts';

/** What else is sent is passed over. */
export const membershipBody = z
  .object({ incident_id: incidentIoId, user_id: incidentIoId })
  .meta({ examples: [{ incident_id: '01FCNDV6P870EA6S7TK1DSYD5H', user_id: '01FCQSP07Z74QMMYPDDGQB9FTG' }] });

export const createdMembership = z
  .object({
    incident_membership: z.object({
      id: answeredId,
      incident_id: answeredId,
      user,
      created_at: answeredTime,
      updated_at: answeredTime,
    }),
  })
  .meta({
    examples: [
      {
        incident_membership: {
          id: '01FCNDV6P870EA6S7TK1DSYDZZ',
          incident_id: '01FCNDV6P870EA6S7TK1DSYD5H',
          user: { id: '01FCQSP07Z74QMMYPDDGQB9FTG', name: 'Ada', email: 'ada@example.com', role: 'unset' },
          created_at: '2026-03-01T09:00:00.000000Z',
          updated_at: '2026-03-01T09:00:00.000000Z',
        },
      },
    ],
  });

export function presentMembership({ id, incidentId, member, createdAt }: IncidentMembership) {
  const at = microseconds(createdAt);
  const { name, email } = member;
  return {
    id: ulidOf(id),
    incident_id: ulidOf(incidentId),
    user: { id: ulidOf(member.id), name, email, role: 'unset' as const },
    created_at: at,
    updated_at: at,
  };
}
