import { permissionsBeyond, type Reach, refusalToGive } from '../../domain/access/reach.ts';
import { Refusal } from '../../domain/error-code.ts';
import type { ApiKey, ApiKeyStore, StoredApiKey, UnknownOwner } from '../../stores/api-keys.ts';
import type { Transaction } from '../../stores/sql.ts';
import { invalidField, notFound } from '../errors.ts';
import { requirePermission, wrongKey } from '../middleware/authenticate.ts';

/**
 * The key of a request as it is now, until the end of the transaction: a client can take a minute to send its body, and
 * a key that was deleted, rotated or given less meanwhile must leave none behind. Throws `Refusal` `unauthenticated` or
 * `permission_denied`.
 */
export async function requireStill(apiKeys: ApiKeyStore, key: ApiKey, tx: Transaction): Promise<ApiKey> {
  const own = await apiKeys.holdFound(key, tx);
  if (!own) throw wrongKey();
  requirePermission(own, { permission: 'manage_keys' });
  return own;
}

/** No key makes, changes or rotates one that reaches further than itself. Throws `Refusal` `permission_denied`. */
export function requireReach(own: Reach, given: Reach): void {
  const reason = refusalToGive(own, given);
  if (reason !== undefined) throw new Refusal('permission_denied', `The API key ${reason}`);
}

/** No key renames or deletes one that may do more. Throws `Refusal` `permission_denied`. */
export function requirePermissionsOf(own: Reach, other: StoredApiKey): void {
  const beyond = permissionsBeyond(own, other);
  if (beyond.length > 0)
    throw new Refusal('permission_denied', `The API key lacks what the other key has: ${beyond.join(', ')}.`);
}

/** What the environment says of the admin key would be back with the next start. */
export function requireNotAdmin({ isAdmin }: StoredApiKey, what: string): void {
  if (isAdmin)
    throw new Refusal('admin_key', `The admin key is what ADMIN_API_KEY says. It cannot be ${what} through the API.`);
}

export function requireFuture(expiresAt: string | null | undefined): void {
  if (typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now())
    throw invalidField('expires_at', 'must be in the future');
}

export function found(key: StoredApiKey | undefined): StoredApiKey {
  if (!key) throw notFound();
  return key;
}

/** The key, or the refusal that stands for why it was not stored. */
export function stored<Key extends StoredApiKey>(result: Key | UnknownOwner): Key {
  if (result === 'unknown_team') throw invalidField('team_id', 'is not a team of this organisation');
  if (result === 'unknown_member') throw invalidField('member_id', 'is not a member of this organisation');
  return result;
}
