import { shardCount } from './doorbell.ts';
import type { Sql } from './sql.ts';

/** How long work has been waiting, over all organisations, in seconds; null when none waits. */
export interface Backlog {
  oldestEventSeconds: number | null;
  oldestDeliverySeconds: number | null;
  oldestNotificationSeconds: number | null;
}

export interface BacklogStore {
  read(): Promise<Backlog>;
}

export function createBacklogStore(sql: Sql): BacklogStore {
  return {
    async read() {
      // A look-up by shard each, so that a long backlog costs no more than a short one.
      const [row] = await sql<Backlog[]>`
        SELECT extract(epoch FROM now() - min(event.received_at))::float8 AS oldest_event_seconds,
          extract(epoch FROM now() - min(delivery.next_attempt_at))::float8 AS oldest_delivery_seconds,
          extract(epoch FROM now() - min(notification.due_at))::float8 AS oldest_notification_seconds
        FROM generate_series(0, ${shardCount - 1}) AS shard
        LEFT JOIN LATERAL (
          SELECT received_at FROM events WHERE events.shard = shard.shard AND status = 'pending'
          ORDER BY received_at LIMIT 1
        ) AS event ON true
        LEFT JOIN LATERAL (
          SELECT next_attempt_at FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id
          WHERE deliveries.shard = shard.shard AND deliveries.status = 'pending' AND next_attempt_at <= now()
            -- One that rests or is held back on purpose is not behind.
            AND subscriptions.enabled AND deleted_at IS NULL AND paused_until IS NULL AND rate_limit IS NULL
          ORDER BY next_attempt_at LIMIT 1
        ) AS delivery ON true
        LEFT JOIN LATERAL (
          SELECT due_at FROM notifications
          WHERE notifications.shard = shard.shard AND status = 'pending' AND due_at <= now()
          ORDER BY due_at LIMIT 1
        ) AS notification ON true`;
      return row ?? { oldestEventSeconds: null, oldestDeliverySeconds: null, oldestNotificationSeconds: null };
    },
  };
}
