import type { SignedRequest, VerificationSettings } from '../inbound/verification/scheme.ts';
import { verificationSchemes } from '../inbound/verification/index.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';
import type { Verification } from './webhooks.ts';

/** What a webhook asks of its senders. */
export interface SenderCheck {
  /** The settings it was made from; an event is stored only while they stand. */
  version: number;
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
}

/** Webhooks kept in memory; the one read longest ago leaves first. */
const mostWebhooks = 10_000;

const anybody: SenderCheck = { version: 0, rejectionOf: () => null };

export function createSenderChecks(sql: Sql, sealer: Sealer): SenderChecks {
  const checks = new Map<string, SenderCheck>();

  return {
    last: (webhookId) => checks.get(webhookId) ?? anybody,

    async read(webhookIds) {
      const rows = await sql<Row[]>`
        SELECT id, verification, verification_secret, verification_version FROM webhooks
        WHERE id = ANY(${webhookIds}::uuid[]) AND enabled AND deleted_at IS NULL`;
      const read = new Map(rows.map((row) => [row.id, checkOf(row, sealer)]));
      for (const [id, check] of read) {
        checks.delete(id);
        if (check.version > 0) checks.set(id, check);
      }
      for (const id of checks.keys()) {
        if (checks.size <= mostWebhooks) break;
        checks.delete(id);
      }
      return read;
    },
  };
}

interface Row {
  id: string;
  verification: Verification | null;
  verificationSecret: Uint8Array | null;
  verificationVersion: number;
}

function checkOf(
  { id, verification, verificationSecret, verificationVersion: version }: Row,
  sealer: Sealer,
): SenderCheck {
  if (verification === null || verificationSecret === null) return { ...anybody, version };
  const scheme = verificationSchemes[verification.type];
  let settings: VerificationSettings;
  try {
    settings = { ...verification, secret: sealer.open(verificationSecret, id) };
  } catch {
    // Made under another SECRET_KEY. Nobody can be verified, and nobody is let through unverified.
    return { version, rejectionOf: () => 'The secret of this webhook cannot be read any more: set it again' };
  }
  return { version, rejectionOf: (request, now) => scheme.verify(request, settings, now) };
}
