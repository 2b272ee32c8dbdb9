import postgres from 'postgres';
import { v7 as uuid } from 'uuid';
import { type Bell, shardOf } from './doorbell.ts';
import { createEventClock } from './event-clock.ts';
import { hopsOf, keptHeaders } from './event-headers.ts';
import type { EventSubmission, ReceivedEvent } from './events.ts';
import type { SenderChecks } from './sender-checks.ts';
import type { Sql } from './sql.ts';

export interface IntakeLimits {
  /** Rows and body bytes that share one INSERT; a larger body goes alone. */
  rows: number;
  bytes: number;
}

interface Waiting extends EventSubmission {
  id: string;
  receivedAt: string;
  /** JSON of its tags, of what is kept of its headers, and of its hops. */
  head: string;
  /** By which settings of the webhook its sender was checked, and with what result. */
  checkVersion: number;
  rejection: string | null;
  resolve(stored: ReceivedEvent | null): void;
  reject(error: unknown): void;
}

/** How often an event's time is taken anew. */
export const mostCollisions = 5;
const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Stores events as they come. Requests that wait together share one INSERT and one commit: while one is under way the
 * next ones queue, so an idle product adds no delay and a busy one few commits.
 */
export function createEventIntake(
  sql: Sql,
  bell: Bell,
  senderChecks: SenderChecks,
  limits: IntakeLimits = { rows: 256, bytes: 4 * 1_024 * 1_024 },
  clock: () => string = createEventClock(),
): (event: EventSubmission) => Promise<ReceivedEvent | null> {
  let queue: Waiting[] = [];
  let draining = false;

  const nextBatch = () => {
    let bytes = 0;
    let rows = 0;
    while (rows < queue.length && rows < limits.rows) {
      bytes += queue[rows]?.body.length ?? 0;
      if (rows > 0 && bytes > limits.bytes) break;
      rows++;
    }
    const batch = queue.slice(0, rows);
    queue = queue.slice(rows);
    return batch;
  };

  const drain = async () => {
    draining = true;
    while (queue.length > 0) await store(nextBatch());
    draining = false;
  };

  /** Settles every row; never throws. */
  const store = async (batch: Waiting[]): Promise<void> => {
    try {
      const stored = new Set((await insertAnew(batch)).map(({ id }) => id));
      const waiting = batch.filter(({ id, rejection }) => stored.has(id) && rejection === null);
      if (waiting.length > 0) bell.ring('inbox', new Set(waiting.map((row) => shardOf(row.webhookId))));
      const left: Waiting[] = [];
      for (const row of batch) {
        const { id, receivedAt, rejection } = row;
        if (stored.has(id)) row.resolve({ id, receivedAt, rejection });
        else left.push(row);
      }
      if (left.length > 0) await storeChecked(left);
    } catch (error) {
      // A row that Postgres refuses must not fail its neighbours.
      if (batch.length > 1 && isAboutData(error)) for (const row of batch) await store([row]);
      else for (const row of batch) row.reject(error);
    }
  };

  /** For rows that were not taken: their webhook takes none, or it asks something else of its senders than we knew. */
  const storeChecked = async (batch: Waiting[]) => {
    const current = await senderChecks.read([...new Set(batch.map(({ webhookId }) => webhookId))]);
    const again: Waiting[] = [];
    for (const row of batch) {
      const check = current.get(row.webhookId);
      const isNamedSo = row.routingKey === undefined || row.routingKey === check?.routingKey;
      if (!check || !isNamedSo || check.version === row.checkVersion) row.resolve(null);
      else again.push(Object.assign(row, checked(row)));
    }
    if (again.length > 0) await store(again);
  };

  const checked = (event: EventSubmission) => {
    const { version, rejectionOf } = senderChecks.last(event.webhookId);
    return { checkVersion: version, rejection: rejectionOf(event, Date.now()) };
  };

  /** Another process may have given an event of the same webhook the same microsecond: then times are taken anew. */
  const insertAnew = async (batch: Waiting[]) => {
    for (let collisions = 0; ; collisions++) {
      try {
        return await insert(sql, batch);
      } catch (error) {
        if (!isTimeCollision(error) || collisions === mostCollisions) throw error;
        for (const row of batch) row.receivedAt = clock();
      }
    }
  };

  return (submission) => {
    if (!uuidForm.test(submission.webhookId)) return Promise.resolve(null);
    const event = { ...submission, webhookId: submission.webhookId.toLowerCase() };
    return new Promise((resolve, reject) => {
      const { tags = [], headers } = event;
      const head = JSON.stringify({ tags, headers: keptHeaders(headers), hops: hopsOf(headers) });
      queue.push({ ...event, ...checked(event), head, id: uuid(), receivedAt: clock(), resolve, reject });
      if (!draining) void drain();
    });
  };
}

async function insert(sql: Sql, batch: Waiting[]): Promise<{ id: string }[]> {
  const column = <T>(pick: (row: Waiting) => T) => batch.map(pick);
  return sql<{ id: string }[]>`
    INSERT INTO events (
      id, organisation_id, webhook_id, shard, received_at, content_type, ip, body, tags, headers, hops, status, reason)
    SELECT e.id, w.organisation_id, e.webhook_id, e.shard, e.received_at, e.content_type, e.ip, e.body,
      e.tags, e.headers, e.hops,
      CASE WHEN e.rejection IS NULL THEN 'pending' ELSE 'rejected' END, e.rejection
    FROM ROWS FROM (unnest(
      ${column((row) => row.id)}::uuid[], ${column((row) => row.webhookId)}::uuid[],
      ${column((row) => shardOf(row.webhookId))}::smallint[], ${column((row) => row.receivedAt)}::timestamptz[],
      ${column((row) => row.contentType)}::text[], ${column((row) => row.ip)}::text[],
      ${sql.array(
        column((row) => row.body),
        byteaType,
      )}::bytea[],
      ${column((row) => row.checkVersion)}::integer[], ${column((row) => row.rejection)}::text[]
    ), jsonb_to_recordset(${`[${column((row) => row.head).join(',')}]`}::text::jsonb)
      AS (tags text[], headers jsonb, hops smallint)
    ) AS e (id, webhook_id, shard, received_at, content_type, ip, body, check_version, rejection, tags, headers, hops)
    JOIN webhooks w ON w.id = e.webhook_id AND w.enabled AND w.deleted_at IS NULL
      AND w.verification_version = e.check_version
    RETURNING id`;
}

const byteaType = 1001;

/** Two events of a webhook cannot bear the same time. */
export function isTimeCollision(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '23505' && error.constraint_name !== 'events_pkey';
}

/** SQLSTATE classes of refused values: data exception, constraint violation, program limit exceeded. */
function isAboutData(error: unknown): boolean {
  return error instanceof postgres.PostgresError && /^(22|23|54)/.test(error.code);
}
