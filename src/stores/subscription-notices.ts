import type { SubscriptionSnapshot } from '../domain/webhook/outbound-event.ts';
import type { Bell } from './doorbell.ts';
import { insertOwnDeliveries } from './own-deliveries.ts';
import type { Sql } from './sql.ts';
import { uuidOf } from './uuid-of.ts';

/** A subscription that was disabled by us, and of which its owner is still to be told. */
export interface DisabledNotice {
  subscriptionId: string;
  organisationId: string;
  /** What it tells: who, why and when. */
  snapshot: SubscriptionSnapshot;
  url: string;
  /** Null: it has no owner, or that member is gone. */
  owner: { name: string; email: string } | null;
}

/** Works across organisations. */
export interface SubscriptionNoticeStore {
  /** At most `limit`, in no order: a mail that cannot be sent must not stand before the others. */
  due(limit: number): Promise<DisabledNotice[]>;
  /** Tells the organisation's other subscriptions that ask for it. Twice does no more than once. */
  announce(notice: DisabledNotice, events: { dialect: string; event: string }[]): Promise<void>;
  /** It is told. False when somebody enabled the subscription, or told it, meanwhile. */
  told(notice: DisabledNotice): Promise<boolean>;
}

/** Whoever could not be told by then finds it in the API: mail that fails for so long is not set up. */
const tellWithin = '3 days';

export function createSubscriptionNoticeStore(sql: Sql, bell: Bell): SubscriptionNoticeStore {
  return {
    async due(limit) {
      const rows = await sql<Row[]>`
        SELECT s.id AS subscription_id, s.organisation_id, s.name, s.url, s.disabled_reason AS reason, s.disabled_at,
          o.name AS organisation_name, m.name AS owner_name, m.email AS owner_email
        FROM subscriptions s
        JOIN organisations o ON o.id = s.organisation_id
        LEFT JOIN members m ON m.organisation_id = s.organisation_id AND m.id = s.owner_id AND m.deleted_at IS NULL
        WHERE s.notice_due AND s.deleted_at IS NULL AND s.disabled_at > now() - ${tellWithin}::interval
        ORDER BY random() LIMIT ${limit}`;
      return rows.map(noticeOf);
    },

    async announce({ subscriptionId, organisationId, snapshot }, events) {
      const rung = await sql.begin(async (tx) => {
        const others = await tx<{ id: string; event: string }[]>`
          SELECT s.id, named.event FROM subscriptions s
          JOIN jsonb_to_recordset(${tx.json(events)}::jsonb) AS named (dialect text, event text)
            ON named.dialect = s.dialect AND named.event = ANY(s.events)
          WHERE s.organisation_id = ${organisationId} AND s.enabled AND s.deleted_at IS NULL AND s.id <> ${subscriptionId}`;
        const deliveries = others.map(({ id, event }) => ({
          id: uuidOf(`${subscriptionId} disabled ${snapshot.at} for ${id} as ${event}`),
          subscriptionId: id,
          event,
          item: 0,
          snapshot,
          subjectId: subscriptionId,
        }));
        return insertOwnDeliveries(tx, organisationId, deliveries);
      });
      bell.ring('outbox', rung);
    },

    async told({ subscriptionId, organisationId, snapshot }) {
      const rows = await sql`
        UPDATE subscriptions SET notice_due = false
        WHERE organisation_id = ${organisationId} AND id = ${subscriptionId} AND notice_due
          AND disabled_at = ${snapshot.at}
        RETURNING id`;
      return rows.length > 0;
    },
  };
}

interface Row {
  subscriptionId: string;
  organisationId: string;
  name: string;
  url: string;
  reason: SubscriptionSnapshot['reason'];
  disabledAt: string;
  organisationName: string;
  ownerName: string | null;
  ownerEmail: string | null;
}

function noticeOf(row: Row): DisabledNotice {
  const { subscriptionId, organisationId, ownerName, ownerEmail } = row;
  return {
    subscriptionId,
    organisationId,
    snapshot: {
      kind: 'subscription',
      change: 'disabled',
      at: row.disabledAt,
      reason: row.reason,
      organisation: { id: organisationId, name: row.organisationName },
      subscription: { id: subscriptionId, name: row.name },
    },
    url: row.url,
    owner: ownerName === null || ownerEmail === null ? null : { name: ownerName, email: ownerEmail },
  };
}
