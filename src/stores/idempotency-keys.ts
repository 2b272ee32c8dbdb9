import { Refusal } from '../domain/error-code.ts';
import type { Queryable, Sql } from './sql.ts';

/** One request's right to act under its key. */
export interface Claim {
  organisationId: string;
  apiKeyId: string;
  key: string;
  /** When the key was first used: the same for every repeat, another after the key has expired. */
  createdAt: string;
  /** Also the token: an outcome is stored only while the claim still stands. */
  lockedUntil: string;
}

export interface StoredOutcome {
  status: number;
  /** Sealed by whoever stores it: it can hold a secret that is shown once. */
  body: string;
}

export type ClaimResult = { type: 'claimed'; claim: Claim } | { type: 'done'; outcome: StoredOutcome };

export interface IdempotencyKeyStore {
  /**
   * Claims a key for about half a minute, so that a crash in flight does not block it. Throws `Refusal`
   * `idempotency_key_reused` (another fingerprint) or `idempotency_key_in_use`.
   */
  claim(organisationId: string, apiKeyId: string, key: string, fingerprint: Buffer): Promise<ClaimResult>;
  /** Keeps the outcome, in the effect's own transaction where there is one. Throws when the claim was lost. */
  complete(claim: Claim, outcome: StoredOutcome, tx?: Queryable): Promise<void>;
  /** Nothing happened: the key may be used anew, with another body too. */
  forget(claim: Claim): Promise<void>;
  /** Something may have happened: a repeat may try again at once, under the same identity. */
  release(claim: Claim): Promise<void>;
  /** Deletes keys older than a day, of all organisations, up to 1,000 at a time; answers how many. */
  forgetOld(): Promise<number>;
}

export function createIdempotencyKeyStore(sql: Sql): IdempotencyKeyStore {
  return {
    async claim(organisationId, apiKeyId, key, fingerprint) {
      // Between the two statements the row may be forgotten; then the first one works at the next turn.
      for (let turn = 0; turn < 5; turn++) {
        const [claimed] = await sql<Pick<Claim, 'createdAt' | 'lockedUntil'>[]>`
          INSERT INTO idempotency_keys AS held (organisation_id, api_key_id, key, fingerprint, locked_until)
          VALUES (${organisationId}, ${apiKeyId}, ${key}, ${fingerprint}, now() + interval '30 seconds')
          ON CONFLICT (api_key_id, key) DO UPDATE SET
            locked_until = excluded.locked_until,
            created_at = CASE WHEN ${expired(sql)} THEN now() ELSE held.created_at END,
            fingerprint = excluded.fingerprint, status = NULL, body = NULL
          WHERE (held.status IS NULL AND held.locked_until <= now() AND held.fingerprint = excluded.fingerprint)
             OR ${expired(sql)}
          RETURNING created_at, locked_until`;
        if (claimed) return { type: 'claimed', claim: { organisationId, apiKeyId, key, ...claimed } };

        const [row] = await sql<{ fingerprint: Uint8Array; status: number | null; body: string | null }[]>`
          SELECT fingerprint, status, body FROM idempotency_keys
          WHERE organisation_id = ${organisationId} AND api_key_id = ${apiKeyId} AND key = ${key}`;
        if (!row) continue;
        if (!fingerprint.equals(row.fingerprint))
          throw new Refusal('idempotency_key_reused', 'This Idempotency-Key came with another request before.');
        if (row.status === null || row.body === null) break;
        return { type: 'done', outcome: { status: row.status, body: row.body } };
      }
      throw inUse();
    },

    async complete({ organisationId, apiKeyId, key, lockedUntil }, { status, body }, tx = sql) {
      const stored = await tx`
        UPDATE idempotency_keys SET status = ${status}, body = ${body}
        WHERE organisation_id = ${organisationId} AND api_key_id = ${apiKeyId} AND key = ${key}
          AND status IS NULL AND locked_until = ${lockedUntil}`;
      if (stored.count === 0) throw inUse();
    },

    async forget({ organisationId, apiKeyId, key, lockedUntil }) {
      await sql`
        DELETE FROM idempotency_keys
        WHERE organisation_id = ${organisationId} AND api_key_id = ${apiKeyId} AND key = ${key}
          AND status IS NULL AND locked_until = ${lockedUntil}`;
    },

    async release({ organisationId, apiKeyId, key, lockedUntil }) {
      await sql`
        UPDATE idempotency_keys SET locked_until = now()
        WHERE organisation_id = ${organisationId} AND api_key_id = ${apiKeyId} AND key = ${key}
          AND status IS NULL AND locked_until = ${lockedUntil}`;
    },

    async forgetOld() {
      const deleted = await sql`
        DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (
          SELECT api_key_id, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
          LIMIT 1000 FOR UPDATE SKIP LOCKED)`;
      return deleted.count;
    },
  };
}

function expired(sql: Sql) {
  return sql`held.created_at < now() - interval '24 hours'`;
}

function inUse(): Refusal {
  return new Refusal('idempotency_key_in_use', 'A request with this Idempotency-Key is in flight. Try again shortly.');
}
