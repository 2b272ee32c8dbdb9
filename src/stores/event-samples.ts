import type { SourceName } from '../inbound/source.ts';
import type { RawEvent } from '../inbound/read-event.ts';
import type { Sql } from './sql.ts';

/** A stored event with all that evaluating it looks at, as it is today: tags are also those its webhook has now. */
export interface EventSample extends RawEvent {
  /** How its body is read. */
  source: SourceName;
}

export interface WantedEvents {
  /** Null: of every webhook of the organisation. */
  webhookId: string | null;
  /** Received from `since` on and before `until` (ISO 8601). */
  since: string | null;
  until: string | null;
  /** The newest so many. */
  limit: number;
}

export interface EventSamples {
  /**
   * Oldest first, a few at a time, since a body may have 512 KiB. Rejected events and those of deleted webhooks are left
   * out.
   */
  read(organisationId: string, wanted: WantedEvents): AsyncGenerator<EventSample[]>;
}

const atATime = 8;

export function createEventSamples(sql: Sql): EventSamples {
  return {
    async *read(organisationId, wanted) {
      const ids = await newest(sql, organisationId, wanted);
      for (let at = 0; at < ids.length; at += atATime) {
        const samples = await sql<EventSample[]>`
          SELECT e.id, e.webhook_id, w.name AS webhook_name, w.source, e.received_at, e.body, e.content_type, e.ip, e.headers,
            e.tags || w.tags AS tags
          FROM events e JOIN webhooks w ON w.id = e.webhook_id
          WHERE e.organisation_id = ${organisationId} AND e.id = ANY(${ids.slice(at, at + atATime)}::uuid[])
          ORDER BY e.received_at, e.id`;
        yield [...samples];
      }
    },
  };
}

/** Ids, oldest first. Each webhook gives its own newest ones, along the index it has for that. */
async function newest(
  sql: Sql,
  organisationId: string,
  { webhookId, since, until, limit }: WantedEvents,
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT e.id FROM webhooks w CROSS JOIN LATERAL (
      SELECT id, received_at FROM events
      WHERE webhook_id = w.id AND organisation_id = w.organisation_id AND status <> 'rejected'
        ${since === null ? sql`` : sql`AND received_at >= ${since}`}
        ${until === null ? sql`` : sql`AND received_at < ${until}`}
      ORDER BY received_at DESC LIMIT ${limit}
    ) e
    WHERE w.organisation_id = ${organisationId} AND w.deleted_at IS NULL
      ${webhookId === null ? sql`` : sql`AND w.id = ${webhookId}`}
    ORDER BY e.received_at DESC, e.id DESC LIMIT ${limit}`;
  return rows.map(({ id }) => id).reverse();
}
