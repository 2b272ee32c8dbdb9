import type postgres from 'postgres';
import type { Transaction } from './sql.ts';

/** Those that wait are due at once; in order, so that they are put off again behind what is still to come before them. */
export async function hastenWaiting(tx: Transaction, organisationId: string, subscriptionId: string): Promise<void> {
  await tx`
    UPDATE deliveries SET next_attempt_at = now()
    WHERE organisation_id = ${organisationId} AND subscription_id = ${subscriptionId} AND status = 'pending'
      AND lease_token IS NULL AND next_attempt_at > now()`;
}

/** What waits or is on its way, of these; the outcome of an attempt under way finds its lease gone. */
export async function cancelWaiting(
  tx: Transaction,
  organisationId: string,
  subscriptionId: string,
  which: postgres.Fragment,
): Promise<void> {
  await tx`
    UPDATE deliveries SET status = 'cancelled', next_attempt_at = NULL, lease_token = NULL, leased_until = NULL,
      settled_at = now()
    WHERE organisation_id = ${organisationId} AND subscription_id = ${subscriptionId} AND status = 'pending'
      AND ${which}`;
}
