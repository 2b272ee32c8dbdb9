import { type Bell, shardOf } from './doorbell.ts';
import { isTimeCollision, mostCollisions } from './event-intake.ts';
import type { EventStore, InternalSubmission } from './events.ts';
import type { Sql } from './sql.ts';

/** Stores what our own actions submit: see `EventStore.submitInternally`. `clock` gives each event a time of its own. */
export function createInternalIntake(sql: Sql, bell: Bell, clock: () => string): EventStore['submitInternally'] {
  return async (event) => {
    const { id, organisationId, webhookId } = event;
    for (let collisions = 0; ; collisions++) {
      try {
        if (await insert(sql, event, clock())) break;
        // It took this event earlier, even if it takes none any more.
        const [stored] = await sql`
          SELECT id FROM events
          WHERE organisation_id = ${organisationId} AND webhook_id = ${webhookId} AND id = ${id}`;
        return stored ? 'stored' : 'unknown_webhook';
      } catch (error) {
        if (!isTimeCollision(error) || collisions === mostCollisions) throw error;
      }
    }
    bell.ring('inbox', [shardOf(webhookId)]);
    return 'stored';
  };
}

async function insert(sql: Sql, event: InternalSubmission, receivedAt: string): Promise<boolean> {
  const { count } = await sql`
    INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, content_type, ip, body, hops)
    SELECT ${event.id}, w.organisation_id, w.id, ${shardOf(event.webhookId)}, ${receivedAt}::text::timestamptz,
      'application/json', '127.0.0.1', ${event.body}, ${event.hops}
    FROM webhooks w
    WHERE w.organisation_id = ${event.organisationId} AND w.id = ${event.webhookId}
      AND w.enabled AND w.deleted_at IS NULL
    ON CONFLICT (id) DO NOTHING`;
  return count > 0;
}
