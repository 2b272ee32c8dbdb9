import type { CheckPaths } from '../domain/json/read-check.ts';
import type { SourceName } from '../inbound/source.ts';
import type { Transaction } from './sql.ts';

/** An event that waits to be evaluated, with what evaluating it needs. */
export interface PendingEvent {
  id: string;
  organisationId: string;
  webhookId: string;
  receivedAt: string;
  body: Buffer;
  contentType: string | null;
  ip: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Of the request's query, and of the webhook. */
  tags: string[];
  webhookName: string;
  /** How its body is read. */
  source: SourceName;
  /** Whether what the source reports opens an incident where the webhook has no ruleset of its own, and whose. */
  opensIncidents: boolean;
  teamId: string;
  failures: number;
  checkPaths: CheckPaths;
  rulesetsVersion: number;
  /** `<ruleset or webhook>:<occurrence>:<outcome>` of what is recorded already: evaluating it again must not count twice. */
  recorded: string[];
}

export interface InboxBatch {
  /** Oldest first, locked until the transaction ends. */
  events: PendingEvent[];
  /** More may be waiting: look again at once. */
  more: boolean;
}

export interface EventOutcome {
  id: string;
  status: 'pending' | 'evaluated' | 'failed';
  failures: number;
  reason: string | null;
}

/** Even with many busy webhooks, each may bring this many. */
const smallestShare = 5;
const mostBytes = 8 * 1_024 * 1_024;

/**
 * Takes events of one shard, round robin over its webhooks, across organisations: this pump serves them all. Skips
 * what another transaction holds, and what came after that by the same webhook. Takes at most `limit` rows and 8 MiB of
 * bodies, but always one.
 */
export async function takePendingEvents(tx: Transaction, shard: number, limit: number): Promise<InboxBatch> {
  const rows = await tx<(PendingEvent & { turn: number; share: number; cut: boolean })[]>`
    WITH RECURSIVE busy AS (
      (SELECT webhook_id FROM events WHERE status = 'pending' AND shard = ${shard} ORDER BY webhook_id LIMIT 1)
      UNION ALL
      SELECT (
        SELECT e.webhook_id FROM events e
        WHERE e.status = 'pending' AND e.shard = ${shard} AND e.webhook_id > busy.webhook_id
        ORDER BY e.webhook_id LIMIT 1)
      FROM busy WHERE busy.webhook_id IS NOT NULL
    ), share AS (
      SELECT greatest(${smallestShare}::integer, ${limit}::integer / greatest(count(webhook_id), 1)) AS share FROM busy
    ), candidates AS (
      SELECT e.id, e.turn,
        row_number() OVER in_turn AS place, sum(e.bytes) OVER in_turn AS bytes
      FROM busy CROSS JOIN LATERAL (
        SELECT id, received_at, row_number() OVER (ORDER BY received_at) AS turn, octet_length(body) AS bytes
        FROM events WHERE status = 'pending' AND shard = ${shard} AND webhook_id = busy.webhook_id
        ORDER BY received_at LIMIT (SELECT share FROM share)
      ) e
      WINDOW in_turn AS (ORDER BY e.turn, e.received_at, e.id)
    ), chosen AS (
      SELECT id, turn FROM candidates WHERE place <= ${limit} AND (place = 1 OR bytes <= ${mostBytes})
    )
    SELECT e.id, e.organisation_id, e.webhook_id, e.received_at, e.body, e.content_type, e.ip, e.headers,
      e.tags || w.tags AS tags, w.name AS webhook_name, w.source, w.opens_incidents,
      coalesce(w.team_id, o.default_team_id) AS team_id, e.failures, w.check_paths, o.rulesets_version,
      ARRAY(SELECT m.scope_id || ':' || m.occurrence || ':' || m.outcome
        FROM event_matches m WHERE m.event_id = e.id) AS recorded,
      (SELECT turn FROM chosen WHERE chosen.id = e.id)::integer AS turn,
      (SELECT share FROM share), (SELECT max(bytes) > ${mostBytes} FROM candidates) AS cut
    FROM events e
    JOIN organisations o ON o.id = e.organisation_id
    JOIN webhooks w ON w.id = e.webhook_id
    -- Says "pending" in words that no partial index knows: with those, a plan reads the whole backlog.
    WHERE e.id = ANY(ARRAY(SELECT id FROM chosen)) AND e.status NOT IN ('evaluated', 'failed')
    ORDER BY e.received_at
    FOR UPDATE OF e SKIP LOCKED`;
  // Another pump may be at work on the older ones of a webhook; what came after those has to wait for them.
  const taken = new Map<string, number>();
  const events = rows.filter(({ webhookId, turn }) => {
    const before = taken.get(webhookId) ?? 0;
    if (turn !== before + 1) return false;
    taken.set(webhookId, turn);
    return true;
  });
  const more =
    events.length > 0 &&
    (rows.length >= limit || rows.some(({ webhookId, share, cut }) => cut || (taken.get(webhookId) ?? 0) >= share));
  return { events, more };
}

/**
 * Stores what became of events, across organisations. `openedNothing`: the commit need not wait for the disk, since
 * losing it means only that these events are evaluated again.
 */
export async function finishEvents(tx: Transaction, outcomes: EventOutcome[], openedNothing: boolean): Promise<void> {
  const column = <T>(pick: (outcome: EventOutcome) => T) => outcomes.map(pick);
  await tx`
    UPDATE events e SET status = o.status, failures = o.failures, reason = o.reason
    FROM set_config(
      'synchronous_commit',
      CASE WHEN ${openedNothing} THEN 'off' ELSE current_setting('synchronous_commit') END, true), unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ status }) => status)}::text[],
      ${column(({ failures }) => failures)}::smallint[], ${column(({ reason }) => reason)}::text[]
    ) AS o (id, status, failures, reason)
    WHERE e.id = o.id`;
}
