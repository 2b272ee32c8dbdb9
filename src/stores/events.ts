import type { SignedRequest } from '../inbound/verification/scheme.ts';
import type { Bell } from './doorbell.ts';
import { createEventIntake } from './event-intake.ts';
import type { Sealer } from './sealed.ts';
import { createSenderChecks } from './sender-checks.ts';
import type { Sql } from './sql.ts';

/** One request as a webhook received it. `ip` and `contentType` are text from the request's head. */
export interface EventSubmission extends SignedRequest {
  webhookId: string;
  contentType: string | null;
  ip: string;
}

export interface ReceivedEvent {
  id: string;
  receivedAt: string;
  /** Why its sender was not believed: it is kept and never evaluated. Null for all others. */
  rejection: string | null;
}

export interface EventMatch {
  rulesetId: string;
  incidentId: string;
  outcome: 'opened' | 'joined';
}

export interface StoredEvent {
  id: string;
  webhookId: string;
  /** ISO 8601 in UTC with microseconds; no two events of a webhook share it. */
  receivedAt: string;
  contentType: string | null;
  ip: string;
  body: Buffer;
  status: 'pending' | 'evaluated' | 'failed' | 'rejected';
  /** Why it opened nothing, when that was not simply "no ruleset matched"; or why it was rejected. */
  reason: string | null;
  matches: EventMatch[];
}

export interface EventStore {
  /**
   * Resolves once the event is committed; null when the webhook is unknown or disabled. Rejects when Postgres is
   * away: the event may then have been stored or not.
   */
  submit(event: EventSubmission): Promise<ReceivedEvent | null>;
  /** Also of a webhook that was deleted since. */
  get(organisationId: string, id: string): Promise<StoredEvent | undefined>;
  /** Newest first, strictly before `lastReceivedAt`. */
  list(
    organisationId: string,
    webhookId: string,
    page: { limit: number; lastReceivedAt?: string },
  ): Promise<StoredEvent[]>;
}

export function createEventStore(sql: Sql, bell: Bell, sealer: Sealer): EventStore {
  const columns = sql`
    e.id, e.webhook_id, e.received_at, e.content_type, e.ip, e.body, e.status, e.reason,
    coalesce((
      SELECT jsonb_agg(
        jsonb_build_object('rulesetId', m.ruleset_id, 'incidentId', m.incident_id, 'outcome', m.outcome)
        ORDER BY m.ruleset_id)
      FROM event_matches m WHERE m.organisation_id = e.organisation_id AND m.event_id = e.id), '[]') AS matches`;

  return {
    submit: createEventIntake(sql, bell, createSenderChecks(sql, sealer)),

    async get(organisationId, id) {
      const [row] = await sql<StoredEvent[]>`
        SELECT ${columns} FROM events e WHERE e.organisation_id = ${organisationId} AND e.id = ${id}`;
      return row;
    },

    async list(organisationId, webhookId, { limit, lastReceivedAt }) {
      const rows = await sql<StoredEvent[]>`
        SELECT ${columns} FROM events e
        WHERE e.organisation_id = ${organisationId} AND e.webhook_id = ${webhookId}
          ${lastReceivedAt === undefined ? sql`` : sql`AND e.received_at < ${lastReceivedAt}`}
        ORDER BY e.received_at DESC LIMIT ${limit}`;
      return [...rows];
    },
  };
}
