import type { Status } from '../domain/incident/incident.ts';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { ContactMethodType, ContactTarget } from '../domain/notification/contact-method.ts';
import { type NotificationReason, stillAsks } from '../domain/notification/still-asks.ts';
import type { Offer } from '../outbound/endpoint-slots.ts';
import { openTarget } from './sealed-target.ts';
import { firstDueAt, isQuietedBy } from './quieting.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';

/** A notification under a lease. */
export interface DueNotification {
  id: string;
  leaseToken: string;
  endpointId: string;
  /** Attempts begun, this one included. */
  attempts: number;
}

/** All it takes to send one. */
export interface NotificationToSend {
  organisationId: string;
  incidentId: string;
  memberId: string;
  memberName: string;
  reason: NotificationReason;
  type: ContactMethodType;
  snapshot: IncidentSnapshot;
  /** Opens where it leads; throws when SECRET_KEY is not the one that sealed it. */
  target(): ContactTarget;
}

/** Works for pumps, which serve all organisations. */
export interface NotificationQueue {
  take(
    shard: number,
    /** `leaseMs`: longer than an attempt can last. What organisations hold does not count here. */
    options: Omit<Offer, 'held'> & { leaseMs: number },
  ): Promise<{
    notifications: DueNotification[];
    /** Milliseconds until the next row of this shard comes due; null when none waits. */
    nextDueInMs: number | null;
  }>;
  /**
   * The last look before it is sent. Null: it is not to be sent after all, since the incident no longer asks, the
   * contact method or its member is gone, or somebody else has the lease.
   */
  begin(notification: DueNotification): Promise<NotificationToSend | null>;
  /**
   * Stores the outcome while the lease stands. `error` null: it was sent, also when it was cancelled meanwhile. Else
   * `retryInMs` makes it due again then, and null gives it up.
   */
  record(notification: DueNotification, error: string | null, retryInMs: number | null): Promise<boolean>;
}

export function createNotificationQueue(sql: Sql, sealer: Sealer): NotificationQueue {
  return {
    // It walks the endpoints that have pending rows by index, as taking deliveries does, and takes their first due
    // rows in turn.
    async take(shard, { limit, allowances, newcomerLimit, leaseMs }) {
      const rows = await sql<({ nextDueInMs: number | null } & (DueNotification | { id: null }))[]>`
        WITH RECURSIVE endpoints (id) AS (
          (SELECT endpoint_id FROM notifications
           WHERE shard = ${shard} AND status = 'pending' ORDER BY endpoint_id LIMIT 1)
          UNION ALL
          SELECT (SELECT endpoint_id FROM notifications
                  WHERE shard = ${shard} AND status = 'pending' AND endpoint_id > endpoints.id
                  ORDER BY endpoint_id LIMIT 1)
          FROM endpoints WHERE endpoints.id IS NOT NULL
        ), allowed AS (
          SELECT endpoints.id, COALESCE((given.value)::integer, 1) AS allowance, given.value IS NULL AS newcomer
          FROM endpoints
          LEFT JOIN jsonb_each_text(${sql.json(allowances)}) AS given ON given.key = endpoints.id::text
          WHERE endpoints.id IS NOT NULL AND COALESCE((given.value)::integer, 1) > 0
        ), seen AS (
          SELECT due.*, allowed.newcomer, row_number() OVER (PARTITION BY allowed.id ORDER BY due.due_at, due.id) AS turn
          FROM allowed
          CROSS JOIN LATERAL (
            SELECT id, due_at FROM notifications
            WHERE shard = ${shard} AND endpoint_id = allowed.id AND status = 'pending' AND due_at <= now()
            ORDER BY due_at LIMIT allowed.allowance
          ) AS due
        ), in_turn AS (
          SELECT *, row_number() OVER (PARTITION BY newcomer ORDER BY turn, due_at) AS place FROM seen
        ), locked AS (
          SELECT n.id FROM notifications n
          JOIN (
            SELECT id, due_at FROM in_turn WHERE NOT newcomer OR place <= ${newcomerLimit}
            ORDER BY turn, due_at LIMIT ${limit}
          ) AS chosen ON chosen.id = n.id
          WHERE n.status = 'pending' AND n.due_at = chosen.due_at
          FOR UPDATE OF n SKIP LOCKED
        ), taken AS (
          UPDATE notifications n
          SET attempts = attempts + 1, lease_token = gen_random_uuid(),
              due_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
          FROM locked WHERE n.id = locked.id
          RETURNING n.id, n.lease_token, n.endpoint_id, n.attempts
        )
        SELECT taken.*, state.next_due_in_ms
        FROM (
          SELECT (SELECT EXTRACT(epoch FROM due_at - now())::float8 * 1000 FROM notifications
                  WHERE shard = ${shard} AND status = 'pending' AND due_at > now()
                  ORDER BY due_at LIMIT 1) AS next_due_in_ms
        ) AS state LEFT JOIN taken ON true`;
      const notifications = rows.flatMap((row): DueNotification[] => {
        if (row.id === null) return [];
        const { id, leaseToken, endpointId, attempts } = row;
        return [{ id, leaseToken, endpointId, attempts }];
      });
      return { notifications, nextDueInMs: rows[0]!.nextDueInMs };
    },

    async begin({ id, leaseToken }) {
      const [row] = await sql<BegunRow[]>`
        SELECT n.organisation_id, n.incident_id, n.member_id, m.name AS member_name, n.reason, t.snapshot, i.status,
          c.id AS method_id, c.type, c.address, c.sealed,
          c.verified_at IS NOT NULL AND c.deleted_at IS NULL AND m.deleted_at IS NULL AS is_usable,
          EXISTS (SELECT FROM transitions later
            WHERE later.incident_id = n.incident_id AND later.sequence > n.sequence
              AND ${isQuietedBy(sql, firstDueAt(sql))}) AS is_quieted
        FROM notifications n
        JOIN incidents i ON i.organisation_id = n.organisation_id AND i.id = n.incident_id
        JOIN transitions t ON t.organisation_id = n.organisation_id
          AND t.incident_id = n.incident_id AND t.sequence = n.sequence
        JOIN members m ON m.organisation_id = n.organisation_id AND m.id = n.member_id
        JOIN contact_methods c ON c.organisation_id = n.organisation_id AND c.id = n.contact_method_id
        WHERE n.id = ${id} AND n.lease_token = ${leaseToken} AND n.status = 'pending'`;
      if (!row) return null;
      const { status, isUsable, isQuieted, methodId, address, sealed, ...known } = row;
      if (isUsable && stillAsks(known.reason, status, isQuieted))
        return { ...known, target: () => openTarget(sealer, { id: methodId, type: known.type, address, sealed }) };
      await sql`
        UPDATE notifications SET status = 'cancelled', finished_at = now(), lease_token = NULL
        WHERE id = ${id} AND lease_token = ${leaseToken} AND status = 'pending'`;
      return null;
    },

    async record({ id, leaseToken }, error, retryInMs) {
      const outcome = error === null ? 'sent' : retryInMs === null ? 'failed' : 'pending';
      const rows = await sql`
        UPDATE notifications SET
          -- What was cancelled while it was tried stays so, unless it went out after all.
          status = CASE WHEN ${error !== null} AND status = 'cancelled' THEN status ELSE ${outcome} END,
          finished_at = CASE WHEN ${error !== null} AND status = 'cancelled' THEN finished_at
            WHEN ${outcome !== 'pending'} THEN now() END,
          due_at = CASE WHEN ${outcome === 'pending'} AND status = 'pending'
            THEN now() + ${retryInMs ?? 0}::float8 * interval '1 millisecond' ELSE least(due_at, now()) END,
          error = ${error}, lease_token = NULL
        WHERE id = ${id} AND lease_token = ${leaseToken}
        RETURNING id`;
      return rows.length > 0;
    },
  };
}

type BegunRow = Omit<NotificationToSend, 'target'> & {
  status: Status;
  isUsable: boolean;
  isQuieted: boolean;
  methodId: string;
  address: string | null;
  sealed: Uint8Array | null;
};
