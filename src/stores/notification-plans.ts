import type { Urgency } from '../domain/incident/incident.ts';
import type { ContactMethodType } from '../domain/notification/contact-method.ts';
import type { Queryable, Sql } from './sql.ts';

/** One notification that a member gets `delay` seconds after being asked. */
export interface PlannedNotification {
  memberId: string;
  contactMethodId: string;
  type: ContactMethodType;
  delay: number;
}

export interface NotificationPlans {
  /** What members who are asked at this urgency get, soonest first; contact methods that are not verified get nothing. */
  of(organisationId: string, memberIds: string[], urgency: Urgency): Promise<PlannedNotification[]>;
}

export function createNotificationPlans(sql: Sql): NotificationPlans {
  return {
    async of(organisationId, memberIds, urgency) {
      const rows = await sql<PlannedNotification[]>`
        ${plannedNotifications(sql, organisationId, memberIds, urgency)} ORDER BY r.delay, c.id`;
      return [...rows];
    },
  };
}

/** The one query that says who gets what, as a part of others; of rules `r` and contact methods `c`. */
export function plannedNotifications(sql: Queryable, organisationId: string, memberIds: string[], urgency: Urgency) {
  return sql`
    SELECT r.member_id, c.id AS contact_method_id, c.type, r.delay FROM notification_rules r
    JOIN contact_methods c ON c.organisation_id = r.organisation_id AND c.id = r.contact_method_id
      AND c.verified_at IS NOT NULL AND c.deleted_at IS NULL
    WHERE r.organisation_id = ${organisationId} AND r.member_id = ANY(${memberIds}::uuid[]) AND r.urgency = ${urgency}`;
}
