import { v7 as uuid } from 'uuid';
import { createSigningSecret } from '../outbound/signature.ts';
import type { Sealer } from './sealed.ts';
import type { Transaction } from './sql.ts';

/** Replaced secrets that may sign beside the present one. */
export const mostReplacedSecrets = 5;

export interface Rotation {
  /** Null: one is made. */
  secret: string | null;
  /** Seconds for which the one before still signs; 0: neither it nor any earlier one signs from now on. */
  expiresIn: number;
}

/** `same`: it is the present one. `full`: as many as may be sign already. */
export type RotationRefusal = 'unknown' | 'same' | 'full';

/**
 * Replaces the signing secret and answers the new one, once; stored it is sealed. Two rotations at once follow one
 * another. One that another SECRET_KEY sealed signs nothing any more, and is not kept.
 */
export async function rotateSecret(
  tx: Transaction,
  sealer: Sealer,
  organisationId: string,
  subscriptionId: string,
  { secret: given, expiresIn }: Rotation,
): Promise<{ secret: string } | RotationRefusal> {
  const [row] = await tx<{ secret: Uint8Array }[]>`
    SELECT secret FROM subscriptions
    WHERE organisation_id = ${organisationId} AND id = ${subscriptionId} AND deleted_at IS NULL FOR NO KEY UPDATE`;
  if (!row) return 'unknown';
  const present = opened(sealer, row.secret, subscriptionId);
  const secret = given ?? createSigningSecret();
  if (secret === present) return 'same';
  await tx`
    DELETE FROM subscription_secrets
    WHERE organisation_id = ${organisationId} AND subscription_id = ${subscriptionId}
      AND (expires_at <= now() OR ${expiresIn === 0})`;
  if (present !== null && expiresIn > 0) {
    const [replaced] = await tx<{ count: number }[]>`
      SELECT count(*) FROM subscription_secrets
      WHERE organisation_id = ${organisationId} AND subscription_id = ${subscriptionId}`;
    if (replaced!.count >= mostReplacedSecrets) return 'full';
    const id = uuid();
    await tx`
      INSERT INTO subscription_secrets (id, organisation_id, subscription_id, secret, expires_at)
      VALUES (${id}, ${organisationId}, ${subscriptionId}, ${sealer.seal(present, id)},
        now() + make_interval(secs => ${expiresIn}))`;
  }
  await tx`
    UPDATE subscriptions SET secret = ${sealer.seal(secret, subscriptionId)}, updated_at = now()
    WHERE organisation_id = ${organisationId} AND id = ${subscriptionId}`;
  return { secret };
}

function opened(sealer: Sealer, sealed: Uint8Array, context: string): string | null {
  try {
    return sealer.open(sealed, context);
  } catch {
    return null;
  }
}
