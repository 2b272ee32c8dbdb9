import type { Assignee, Status, Urgency } from '../domain/incident/incident.ts';
import type { Agent, LogEntryType } from '../domain/incident/log-entry.ts';
import type { ContactMethodType } from '../domain/notification/contact-method.ts';
import { type NotificationReason, quietingTypes, stillAsks } from '../domain/notification/still-asks.ts';
import type { Bell } from './doorbell.ts';
import { isQuietedBy } from './quieting.ts';
import type { Queryable, Sql } from './sql.ts';

/** One message to one contact method, and what became of it. */
export interface Notification {
  id: string;
  memberId: string;
  memberName: string;
  contactMethodId: string;
  type: ContactMethodType;
  reason: NotificationReason;
  /** When it goes out, or is tried again. */
  dueAt: string;
  status: 'pending' | 'sent' | 'failed' | 'cancelled';
  attempts: number;
  /** Why the last attempt failed. */
  error: string | null;
  createdAt: string;
  finishedAt: string | null;
}

/** A transition of an incident asks people. */
export interface Page {
  incidentId: string;
  sequence: number;
  /** ISO 8601: delays count from here. */
  at: string;
  reason: NotificationReason;
  targets: Assignee[];
  /** The run of a `trigger-alerts`, whose outcome follows from the page. */
  actionId: string | null;
}

export interface NotificationStore {
  /**
   * Gives each member the notifications that their rules ask for at the incident's urgency, and answers how many of
   * them have such rules. When nobody does, the log says so. A repeat gives nobody the same again; an incident that
   * has been quieted since gives nobody anything. Rings the pumps after the commit.
   */
  page(organisationId: string, page: Page, members: { memberId: string; name: string }[]): Promise<number>;
  /** Of one incident, oldest first; `after` is the last one seen. */
  list(
    organisationId: string,
    incidentId: string,
    page: { limit: number; after?: { createdAt: string; id: string } | undefined },
  ): Promise<Notification[]>;
}

/** The endpoint of all mail. */
export const mailEndpoint = '00000000-0000-0000-0000-000000000000';

const pager: Agent = { type: 'timer', id: null, name: 'paging' };
/** More are not named in the log. */
const mostNamed = 50;

export function createNotificationStore(sql: Sql, bell: Bell): NotificationStore {
  return {
    async page(organisationId, page, members) {
      const ids = members.map(({ memberId }) => memberId);
      const { reachable, shards } = await sql.begin(async (tx) => {
        // Under the lock that recording takes: what is quieted after this finds the notifications, and cancels them.
        const [incident] = await tx<{ status: Status; urgency: Urgency }[]>`
          SELECT status, urgency FROM incidents
          WHERE organisation_id = ${organisationId} AND id = ${page.incidentId} FOR NO KEY UPDATE`;
        if (!incident) return { reachable: 0, shards: [] };
        const asks = stillAsks(page.reason, incident.status, await isQuieted(tx, organisationId, page));
        const ways = tx`
          SELECT r.member_id, r.delay, m.id, m.type FROM notification_rules r
          JOIN contact_methods m ON m.organisation_id = r.organisation_id AND m.id = r.contact_method_id
            AND m.verified_at IS NOT NULL AND m.deleted_at IS NULL
          WHERE r.organisation_id = ${organisationId} AND r.member_id = ANY(${ids}::uuid[])
            AND r.urgency = ${incident.urgency}`;
        const [found] = await tx<{ reachable: number }[]>`
          SELECT count(DISTINCT member_id) AS reachable FROM (${ways}) AS ways`;
        const { reachable } = found!;
        // A shard is `shardOf` of the contact method: the last byte of the id.
        const stored = await tx<{ shard: number }[]>`
          INSERT INTO notifications (
            id, organisation_id, incident_id, sequence, member_id, contact_method_id, delay, reason, shard, endpoint_id,
            due_at)
          SELECT gen_random_uuid(), ${organisationId}, ${page.incidentId}, ${page.sequence}, ways.member_id, ways.id,
            ways.delay, ${page.reason}, get_byte(uuid_send(ways.id), 15) % 4,
            CASE ways.type WHEN 'email' THEN ${mailEndpoint}::uuid ELSE ways.id END,
            ${page.at}::text::timestamptz + make_interval(secs => ways.delay)
          FROM (${ways}) AS ways
          WHERE ${asks} AND (${page.reason === 'responders'} OR NOT EXISTS (SELECT FROM transitions later
            WHERE later.organisation_id = ${organisationId} AND later.incident_id = ${page.incidentId}
              AND later.sequence > ${page.sequence}
              AND ${isQuietedBy(tx, tx`${page.at}::text::timestamptz + make_interval(secs => ways.delay)`)}))
          ON CONFLICT DO NOTHING RETURNING shard`;
        const missing = members.length === 0 ? 'nobody_on_call' : reachable === 0 ? 'nobody_reachable' : null;
        if (asks && missing !== null) await warn(tx, organisationId, page, missing, members);
        if (page.actionId !== null)
          await settleAlert(tx, organisationId, { ...page, actionId: page.actionId }, whyNobody(incident.status, asks));
        return { reachable, shards: stored.map(({ shard }) => shard) };
      });
      bell.ring('notifications', shards);
      return reachable;
    },

    list: (organisationId, incidentId, { limit, after }) => sql<Notification[]>`
      SELECT n.id, n.member_id, m.name AS member_name, n.contact_method_id, c.type, n.reason, n.due_at, n.status,
        n.attempts, n.error, n.created_at, n.finished_at
      FROM notifications n
      JOIN members m ON m.organisation_id = n.organisation_id AND m.id = n.member_id
      JOIN contact_methods c ON c.organisation_id = n.organisation_id AND c.id = n.contact_method_id
      WHERE n.organisation_id = ${organisationId} AND n.incident_id = ${incidentId}
        ${after === undefined ? sql`` : sql`AND (n.created_at, n.id) > (${after.createdAt}::text::timestamptz, ${after.id})`}
      ORDER BY n.created_at, n.id LIMIT ${limit}`,
  };
}

/** A statement of its own: one that waited for the lock would not see what was recorded meanwhile. */
async function isQuieted(tx: Queryable, organisationId: string, { incidentId, sequence }: Page): Promise<boolean> {
  const rows = await tx`
    SELECT 1 FROM transitions
    WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND sequence > ${sequence}
      AND type = ANY(${[...quietingTypes]}) LIMIT 1`;
  return rows.length > 0;
}

/** A team that nobody can reach is no silence: the incident says so. */
async function warn(
  tx: Queryable,
  organisationId: string,
  { incidentId, sequence, reason, targets }: Page,
  type: Extract<LogEntryType, 'nobody_on_call' | 'nobody_reachable'>,
  members: { memberId: string; name: string }[],
): Promise<void> {
  const named = members.slice(0, mostNamed).map(({ memberId, name }) => ({ id: memberId, name }));
  const details = { reason, targets, ...(named.length === 0 ? {} : { members: named }) };
  await tx`
    INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel, details)
    VALUES (${organisationId}, ${incidentId}, ${sequence}, 1, ${type}, now(), ${tx.json(pager as never)}, 'timer',
            ${tx.json(details as never)})
    ON CONFLICT DO NOTHING`;
}

/** An alert has succeeded when anybody is told: a subscription, or a person. The first outcome stands. */
async function settleAlert(
  tx: Queryable,
  organisationId: string,
  { incidentId, sequence, actionId }: Page & { actionId: string },
  error: string,
): Promise<void> {
  await tx`
    UPDATE actions SET
      outcome = CASE WHEN told.any_one THEN 'succeeded' ELSE 'failed' END,
      error_code = CASE WHEN NOT told.any_one THEN 'nobody_reachable' END,
      error = CASE WHEN NOT told.any_one THEN ${error} END,
      finished_at = now()
    FROM (
      SELECT EXISTS (SELECT FROM deliveries
          WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND sequence = ${sequence})
        OR EXISTS (SELECT FROM notifications
          WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND sequence = ${sequence}) AS any_one
    ) AS told
    WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND id = ${actionId}
      AND type = 'trigger-alerts' AND outcome IS NULL`;
}

function whyNobody(status: Status, asks: boolean): string {
  if (asks) return 'Nobody who is asked can be reached, and no enabled subscription asks for incident.alerted.';
  return `Nobody was asked: the incident ${status === 'triggered' ? 'had been asked about anew' : `was ${status}`} by then.`;
}
