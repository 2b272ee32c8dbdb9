import type postgres from 'postgres';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Outcome } from '../domain/webhook/attempt.ts';
import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import { onlyVisible, otherIncidents } from './other-incidents.ts';
import type { Queryable, Sql } from './sql.ts';
import { isVisibleDelivery, visibleAmong } from './visibility.ts';

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
  /** Null for one that tells of none. */
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
  /** Also what is told of it besides its transitions. */
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

/** Deliveries of deleted subscriptions, and of incidents that the viewer may not see, are unknown to every function. */
export interface DeliveryReads {
  /** Newest first, each with all its attempts, whose answers are cut to their first 1,000 characters. */
  list(organisationId: string, subscriptionId: string, page: DeliveryPage, viewer: Viewer): Promise<Delivery[]>;
  /** With answers as long as they are kept. */
  get(organisationId: string, id: string, viewer: Viewer, tx?: Queryable): Promise<RenderableDelivery | undefined>;
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
    chosen: postgres.Fragment,
    response: postgres.Fragment,
  ): Promise<Delivery[]> => {
    const rows = await open<(Omit<Delivery, 'attempts'> & (Attempt | { number: null }))[]>`
      SELECT d.id, d.subscription_id, coalesce(d.incident_id, i.id) AS incident_id, d.event, d.item, d.status, d.created_at, d.settled_at,
        CASE WHEN d.lease_token IS NULL OR d.leased_until <= now() THEN d.next_attempt_at END AS next_attempt_at,
        a.number, a.started_at, a.duration_ms, a.outcome, a.status_code, a.error, ${response} AS response, a.is_manual
      FROM (SELECT d.* FROM deliveries d ${ofKnown} WHERE d.organisation_id = ${organisationId} ${chosen}) AS d
      -- What is told of an incident besides its transitions.
      LEFT JOIN incidents i ON d.incident_id IS NULL AND i.organisation_id = d.organisation_id AND i.id = d.subject_id
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
    list: (organisationId, subscriptionId, { limit, after, ...filter }, viewer) =>
      read(
        sql,
        organisationId,
        sql`AND d.subscription_id = ${subscriptionId} ${conditions(filter)} AND ${isVisibleDelivery(sql, viewer, 'd')}
          ${after === undefined ? sql`` : sql`AND (d.created_at, d.id) < (${after.createdAt}, ${after.id})`}
        ORDER BY d.created_at DESC, d.id DESC LIMIT ${limit}`,
        sql`left(a.response, ${listedResponse})`,
      ),

    async get(organisationId, id, viewer, tx = sql) {
      const chosen = sql`AND d.id = ${id} AND ${isVisibleDelivery(sql, viewer, 'd')}`;
      const [delivery] = await read(tx, organisationId, chosen, sql`a.response`);
      const [renderedFrom] = await tx<Pick<RenderableDelivery, 'dialect' | 'subscription' | 'snapshot'>[]>`
        SELECT s.dialect, coalesce(d.snapshot, t.snapshot) AS snapshot,
          jsonb_build_object('id', s.id, 'name', s.name, 'description', s.description, 'url', s.url) AS subscription
        FROM deliveries d ${ofKnown}
        LEFT JOIN transitions t ON t.organisation_id = d.organisation_id
          AND t.incident_id = d.incident_id AND t.sequence = d.sequence
        WHERE d.organisation_id = ${organisationId} AND d.id = ${id}`;
      if (!delivery || !renderedFrom) return undefined;
      const snapshot = await withoutHidden(tx, organisationId, viewer, renderedFrom.snapshot);
      return { ...delivery, ...renderedFrom, snapshot };
    },
  };

  function conditions({ statuses, event, incidentId, since, until }: DeliveryFilter) {
    return sql`
      ${statuses === undefined ? sql`` : sql`AND d.status = ANY(${statuses})`}
      ${event === undefined ? sql`` : sql`AND d.event = ${event}`}
      ${incidentId === undefined ? sql`` : sql`AND d.subject_id = ${incidentId}`}
      ${since === undefined ? sql`` : sql`AND d.created_at >= ${since}::text::timestamptz`}
      ${until === undefined ? sql`` : sql`AND d.created_at < ${until}::text::timestamptz`}`;
  }
}

function attemptOf(row: Attempt): Attempt {
  const { number, startedAt, durationMs, outcome, statusCode, error, response, isManual } = row;
  return { number, startedAt, durationMs, outcome, statusCode, error, response, isManual };
}

/** A private incident's payload names all that it was merged with; whoever may see it may not see each of those. */
async function withoutHidden(
  tx: Queryable,
  organisationId: string,
  viewer: Viewer,
  snapshot: OutboundSnapshot,
): Promise<OutboundSnapshot> {
  if (viewer.seesPrivate || snapshot.kind !== undefined) return snapshot;
  const { incident, transition } = snapshot;
  const { mergedInto = null } = incident;
  const named = [...otherIncidents(transition.details ?? {}), ...(mergedInto === null ? [] : [mergedInto.id])];
  if (named.length === 0) return snapshot;
  const visible = await visibleAmong(tx, organisationId, viewer, named);
  return {
    ...snapshot,
    incident: { ...incident, mergedInto: mergedInto !== null && visible.has(mergedInto.id) ? mergedInto : null },
    transition: { ...transition, details: onlyVisible(transition.details ?? {}, visible) },
  };
}
