import type { Outcome } from '../domain/webhook/attempt.ts';
import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import type { Queryable, Sql } from './sql.ts';

/** `failed`: given up. `cancelled`: its subscription was deleted, or speaks another dialect that has no name for it. */
export const deliveryStatuses = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export interface Attempt {
  number: number;
  startedAt: string;
  durationMs: number | null;
  /** Null while in flight, and for ever when the worker that made it died. */
  outcome: Outcome | null;
  statusCode: number | null;
  error: string | null;
  response: string | null;
  /** Made because somebody asked for it, not because it was due by the schedule. */
  isManual: boolean;
}

export interface Delivery {
  id: string;
  subscriptionId: string;
  incidentId: string | null;
  event: string;
  item: number;
  status: DeliveryStatus;
  createdAt: string;
  /** Null once settled and while an attempt is in flight. */
  nextAttemptAt: string | null;
  settledAt: string | null;
  /** Oldest first. */
  attempts: Attempt[];
}

/** With all that its payload renders from, as its subscription is now. */
export interface RenderableDelivery extends Delivery {
  dialect: string;
  subscription: { id: string; name: string; description: string; url: string };
  snapshot: OutboundSnapshot;
}

/** What stays undefined restricts nothing. */
export interface DeliveryFilter {
  statuses?: DeliveryStatus[] | undefined;
  event?: string | undefined;
  incidentId?: string | undefined;
  /** Created at or after this, and before that. */
  since?: string | undefined;
  until?: string | undefined;
}

/** `after` is the last one seen. */
export interface DeliveryPage extends DeliveryFilter {
  limit: number;
  after?: { createdAt: string; id: string } | undefined;
}

/** Deliveries of deleted subscriptions are unknown to every function. */
export interface DeliveryReads {
  /** Newest first, each with all its attempts, whose answers are cut to their first 1,000 characters. */
  list(organisationId: string, subscriptionId: string, page: DeliveryPage): Promise<Delivery[]>;
  /** With answers as long as they are kept. */
  get(organisationId: string, id: string, tx?: Queryable): Promise<RenderableDelivery | undefined>;
}

/** A page may hold thousands of attempts, and an answer is kept to 20 KB. */
const listedResponse = 1_000;

export function createDeliveryReads(sql: Sql): DeliveryReads {
  const ofKnown = sql`
    JOIN subscriptions s ON s.organisation_id = d.organisation_id AND s.id = d.subscription_id AND s.deleted_at IS NULL`;

  /** In one statement, or an attempt that ends meanwhile would be seen by halves. */
  const read = async (
    open: Queryable,
    organisationId: string,
    chosen: ReturnType<typeof sql>,
    response: ReturnType<typeof sql>,
  ): Promise<Delivery[]> => {
    const rows = await open<(Omit<Delivery, 'attempts'> & (Attempt | { number: null }))[]>`
      SELECT d.id, d.subscription_id, d.incident_id, d.event, d.item, d.status, d.created_at, d.settled_at,
        CASE WHEN d.lease_token IS NULL OR d.leased_until <= now() THEN d.next_attempt_at END AS next_attempt_at,
        a.number, a.started_at, a.duration_ms, a.outcome, a.status_code, a.error, ${response} AS response, a.is_manual
      FROM (SELECT d.* FROM deliveries d ${ofKnown} WHERE d.organisation_id = ${organisationId} ${chosen}) AS d
      LEFT JOIN delivery_attempts a ON a.organisation_id = d.organisation_id AND a.delivery_id = d.id
      ORDER BY d.created_at DESC, d.id DESC, a.number`;
    const deliveries = new Map<string, Delivery>();
    for (const row of rows) {
      const { id, subscriptionId, incidentId, event, item, status, createdAt, nextAttemptAt, settledAt } = row;
      const delivery = deliveries.get(id) ?? {
        ...{ id, subscriptionId, incidentId, event, item, status, createdAt, nextAttemptAt, settledAt },
        attempts: [],
      };
      deliveries.set(id, delivery);
      if (row.number !== null) delivery.attempts.push(attemptOf(row));
    }
    return [...deliveries.values()];
  };

  return {
    list: (organisationId, subscriptionId, { limit, after, ...filter }) =>
      read(
        sql,
        organisationId,
        sql`AND d.subscription_id = ${subscriptionId} ${conditions(filter)}
          ${after === undefined ? sql`` : sql`AND (d.created_at, d.id) < (${after.createdAt}, ${after.id})`}
        ORDER BY d.created_at DESC, d.id DESC LIMIT ${limit}`,
        sql`left(a.response, ${listedResponse})`,
      ),

    async get(organisationId, id, tx = sql) {
      const [delivery] = await read(tx, organisationId, sql`AND d.id = ${id}`, sql`a.response`);
      const [renderedFrom] = await tx<Pick<RenderableDelivery, 'dialect' | 'subscription' | 'snapshot'>[]>`
        SELECT s.dialect, coalesce(d.snapshot, t.snapshot) AS snapshot,
          jsonb_build_object('id', s.id, 'name', s.name, 'description', s.description, 'url', s.url) AS subscription
        FROM deliveries d ${ofKnown}
        LEFT JOIN transitions t ON t.organisation_id = d.organisation_id
          AND t.incident_id = d.incident_id AND t.sequence = d.sequence
        WHERE d.organisation_id = ${organisationId} AND d.id = ${id}`;
      return delivery && renderedFrom && { ...delivery, ...renderedFrom };
    },
  };

  function conditions({ statuses, event, incidentId, since, until }: DeliveryFilter) {
    return sql`
      ${statuses === undefined ? sql`` : sql`AND d.status = ANY(${statuses})`}
      ${event === undefined ? sql`` : sql`AND d.event = ${event}`}
      ${incidentId === undefined ? sql`` : sql`AND d.incident_id = ${incidentId}`}
      ${since === undefined ? sql`` : sql`AND d.created_at >= ${since}::text::timestamptz`}
      ${until === undefined ? sql`` : sql`AND d.created_at < ${until}::text::timestamptz`}`;
  }
}

function attemptOf(row: Attempt): Attempt {
  const { number, startedAt, durationMs, outcome, statusCode, error, response, isManual } = row;
  return { number, startedAt, durationMs, outcome, statusCode, error, response, isManual };
}
