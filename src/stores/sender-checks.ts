import type { SourceName } from '../inbound/source.ts';
import type { SignedRequest, VerificationSettings } from '../inbound/verification/scheme.ts';
import { verificationSchemes } from '../inbound/verification/index.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';
import type { Verification } from './webhooks.ts';

/** What a webhook asks of its senders. */
export interface SenderCheck {
  /** The settings it was made from; an event is stored only while they stand. */
  version: number;
  source: SourceName;
  /** By what its senders name it, where they speak PagerDuty's Events API; else null. */
  routingKey: string | null;
  /** Why the request is refused, or null. `now` in milliseconds. */
  rejectionOf(request: SignedRequest, now: number): string | null;
}

/**
 * Checks by webhook, across organisations, kept in memory without asking whether they are still right: the INSERT of an
 * event finds out by the version, and only then they are read again. So a webhook that asks nothing costs nothing, and
 * a change counts from the moment it is committed.
 */
export interface SenderChecks {
  /** What was last read; of a webhook never read, that it asks nothing. */
  last(webhookId: string): SenderCheck;
  /** Reads those that take events; the answer lacks unknown, disabled and deleted ones. */
  read(webhookIds: string[]): Promise<Map<string, SenderCheck>>;
  /** The id of the webhook that has the key; asks Postgres only for a key that it does not know. */
  routed(routingKey: string): Promise<string | undefined>;
}

/** Webhooks kept in memory; the one read longest ago leaves first. */
const mostWebhooks = 10_000;

const anybody: SenderCheck = { version: 0, source: 'generic-json', routingKey: null, rejectionOf: () => null };

export function createSenderChecks(sql: Sql, sealer: Sealer): SenderChecks {
  const checks = new Map<string, SenderCheck>();
  const routes = new Map<string, string>();

  const forget = (id: string) => {
    const routingKey = checks.get(id)?.routingKey;
    if (routingKey) routes.delete(routingKey);
    checks.delete(id);
  };
  const keep = (id: string, check: SenderCheck) => {
    forget(id);
    if (check.version === 0 && check.routingKey === null) return;
    checks.set(id, check);
    if (check.routingKey !== null) routes.set(check.routingKey, id);
  };
  const keepAll = (rows: Row[]) => {
    const read = new Map(rows.map((row) => [row.id, checkOf(row, sealer)]));
    for (const [id, check] of read) keep(id, check);
    for (const id of checks.keys()) {
      if (checks.size <= mostWebhooks) break;
      forget(id);
    }
    return read;
  };
  const columns = sql`id, source, routing_key, verification, verification_secret, verification_version`;

  return {
    last: (webhookId) => checks.get(webhookId) ?? anybody,

    async read(webhookIds) {
      return keepAll(
        await sql<Row[]>`
          SELECT ${columns} FROM webhooks
          WHERE id = ANY(${webhookIds}::uuid[]) AND enabled AND deleted_at IS NULL`,
      );
    },

    async routed(routingKey) {
      const known = routes.get(routingKey);
      if (known !== undefined) return known;
      const read = keepAll(
        await sql<Row[]>`
          SELECT ${columns} FROM webhooks
          WHERE routing_key = ${routingKey} AND source = 'pagerduty' AND enabled AND deleted_at IS NULL`,
      );
      return read.keys().next().value;
    },
  };
}

interface Row {
  id: string;
  source: SourceName;
  routingKey: string;
  verification: Verification | null;
  verificationSecret: Uint8Array | null;
  verificationVersion: number;
}

function checkOf(row: Row, sealer: Sealer): SenderCheck {
  const { source, verificationVersion: version } = row;
  const routingKey = source === 'pagerduty' ? row.routingKey : null;
  return { version, source, routingKey, rejectionOf: rejectionFor(row, sealer) };
}

function rejectionFor(
  { id, source, verification, verificationSecret }: Row,
  sealer: Sealer,
): SenderCheck['rejectionOf'] {
  // Its endpoints are known to be signed for, so whoever does not sign is not incident.io.
  if (source === 'incident.io' && verification?.type !== 'standard-webhooks')
    return () =>
      'A webhook whose source is incident.io needs a verification of type standard-webhooks with the signing secret of the endpoint in incident.io';
  if (verification === null || verificationSecret === null) return anybody.rejectionOf;
  const scheme = verificationSchemes[verification.type];
  let settings: VerificationSettings;
  try {
    settings = { ...verification, secret: sealer.open(verificationSecret, id) };
  } catch {
    // Made under another SECRET_KEY. Nobody can be verified, and nobody is let through unverified.
    return () => 'The secret of this webhook cannot be read any more: set it again';
  }
  return (request, now) => scheme.verify(request, settings, now);
}
