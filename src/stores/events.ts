import type { Viewer } from '../domain/access/viewer.ts';
import type { SourceName } from '../inbound/source.ts';
import type { SignedRequest } from '../inbound/verification/scheme.ts';
import { type Bell, shardOf } from './doorbell.ts';
import { createEventClock } from './event-clock.ts';
import { createEventIntake } from './event-intake.ts';
import type { MatchOutcome } from './event-matches.ts';
import { createInternalIntake } from './internal-intake.ts';
import type { Sealer } from './sealed.ts';
import { createSenderChecks } from './sender-checks.ts';
import type { Queryable, Sql } from './sql.ts';
import { isVisibleIncident } from './visibility.ts';

/** One request as a webhook received it. `ip` and `contentType` are text from the request's head. */
export interface EventSubmission extends SignedRequest {
  webhookId: string;
  /** By which its sender named the webhook, where that was not by its id: it is stored only while that is so. */
  routingKey?: string;
  contentType: string | null;
  ip: string;
  /** Of its query; none unless given. */
  tags?: string[];
}

export interface ReceivedEvent {
  id: string;
  receivedAt: string;
  /** Why its sender was not believed: it is kept and never evaluated. Null for all others. */
  rejection: string | null;
}

export interface EventMatch {
  /** The ruleset that decided it; null: the webhook itself, as its sender says. */
  rulesetId: string | null;
  incidentId: string;
  /** Counted from 0 within the event. */
  occurrence: number;
  outcome: MatchOutcome;
}

export interface StoredEvent {
  id: string;
  webhookId: string;
  /** ISO 8601 in UTC with microseconds; no two events of a webhook share it. */
  receivedAt: string;
  contentType: string | null;
  ip: string;
  body: Buffer;
  tags: string[];
  /** Names in lower case; those that may hold a secret are not among them. */
  headers: Record<string, string>;
  /** How many of our own actions lie between this event and one from outside. */
  hops: number;
  status: 'pending' | 'evaluated' | 'failed' | 'rejected';
  /** Why it opened nothing, when that was not simply "no ruleset matched"; or why it was rejected. */
  reason: string | null;
  matches: EventMatch[];
}

/** Why an event is not evaluated again; `rejected`: its sender could not be verified. */
export type ReplayRefusal = 'unknown_event' | 'rejected';

/** What one of our own actions submits to a webhook of its organisation. */
export interface InternalSubmission {
  /** A repeat of the action shares it. */
  id: string;
  organisationId: string;
  webhookId: string;
  /** JSON. */
  body: Buffer;
  /** From 0 to 9: how many of our own actions lie between this event and one from outside. */
  hops: number;
}

export interface EventStore {
  /** The webhook that a sender of PagerDuty's Events API names by this key, if it takes events. */
  webhookOf(routingKey: string): Promise<string | undefined>;
  /** What its senders speak, as far as this process knows without looking. */
  knownSourceOf(webhookId: string): SourceName;
  /**
   * Resolves once the event is committed; null when the webhook is unknown or disabled. Rejects when Postgres is
   * away: the event may then have been stored or not.
   */
  submit(event: EventSubmission): Promise<ReceivedEvent | null>;
  /**
   * Like `submit`, without asking who sends: it is us. With an id that is stored already it changes nothing.
   * `unknown_webhook`: the organisation has none of this id that takes events.
   */
  submitInternally(event: InternalSubmission): Promise<'stored' | 'unknown_webhook'>;
  /** Also of a webhook that was deleted since. As everywhere here, matches are those with incidents that the viewer may see. */
  get(organisationId: string, id: string, viewer: Viewer): Promise<StoredEvent | undefined>;
  /** Newest first, strictly before `lastReceivedAt`. */
  list(
    organisationId: string,
    webhookId: string,
    page: { limit: number; lastReceivedAt?: string },
    viewer: Viewer,
  ): Promise<StoredEvent[]>;
  /**
   * Lets an event of the webhook be evaluated again, which a pump does once `tx` is committed and `announce` called; one
   * that waits already stays as it is. Deleted webhooks have no events here.
   */
  replay(
    organisationId: string,
    webhookId: string,
    id: string,
    viewer: Viewer,
    tx: Queryable,
  ): Promise<StoredEvent | ReplayRefusal>;
  /** Rings for events of the webhook that wait. Without it they are found within a second. */
  announce(webhookId: string): void;
}

export function createEventStore(sql: Sql, bell: Bell, sealer: Sealer): EventStore {
  const clock = createEventClock();
  const senderChecks = createSenderChecks(sql, sealer);
  const columnsFor = (organisationId: string, viewer: Viewer) => sql`
    e.id, e.webhook_id, e.received_at, e.content_type, e.ip, e.body, e.tags, e.headers, e.hops, e.status, e.reason,
    coalesce((
      SELECT jsonb_agg(
        jsonb_build_object('rulesetId', m.ruleset_id, 'incidentId', m.incident_id, 'occurrence', m.occurrence,
          'outcome', m.outcome)
        ORDER BY m.occurrence, m.scope_id, m.incident_id)
      FROM event_matches m WHERE m.organisation_id = e.organisation_id AND m.event_id = e.id
        AND ${isVisibleIncident(sql, organisationId, viewer, sql`m.incident_id`)}), '[]') AS matches`;

  return {
    webhookOf: (routingKey) => senderChecks.routed(routingKey),
    knownSourceOf: (webhookId) => senderChecks.last(webhookId).source,
    submit: createEventIntake(sql, bell, senderChecks, undefined, clock),
    submitInternally: createInternalIntake(sql, bell, clock),

    async get(organisationId, id, viewer) {
      const [row] = await sql<StoredEvent[]>`
        SELECT ${columnsFor(organisationId, viewer)} FROM events e
        WHERE e.organisation_id = ${organisationId} AND e.id = ${id}`;
      return row;
    },

    async list(organisationId, webhookId, { limit, lastReceivedAt }, viewer) {
      const rows = await sql<StoredEvent[]>`
        SELECT ${columnsFor(organisationId, viewer)} FROM events e
        WHERE e.organisation_id = ${organisationId} AND e.webhook_id = ${webhookId}
          ${lastReceivedAt === undefined ? sql`` : sql`AND e.received_at < ${lastReceivedAt}`}
        ORDER BY e.received_at DESC LIMIT ${limit}`;
      return [...rows];
    },

    async replay(organisationId, webhookId, id, viewer, tx) {
      // What waits is not touched, and so not waited for: a pump may be at it.
      await tx`
        UPDATE events e SET status = 'pending', failures = 0, reason = NULL
        FROM webhooks w
        WHERE e.organisation_id = ${organisationId} AND e.webhook_id = ${webhookId} AND e.id = ${id}
          AND e.status IN ('evaluated', 'failed') AND w.id = e.webhook_id AND w.deleted_at IS NULL`;
      const [row] = await tx<StoredEvent[]>`
        SELECT ${columnsFor(organisationId, viewer)} FROM events e JOIN webhooks w ON w.id = e.webhook_id AND w.deleted_at IS NULL
        WHERE e.organisation_id = ${organisationId} AND e.webhook_id = ${webhookId} AND e.id = ${id}`;
      if (!row) return 'unknown_event';
      return row.status === 'rejected' ? 'rejected' : row;
    },

    announce: (webhookId) => bell.ring('inbox', [shardOf(webhookId)]),
  };
}
