import type { Permission } from './permission.ts';

/** What a key can do, and for how long. */
export interface Reach {
  permissions: readonly Permission[];
  /** Whom it acts as; null: itself. */
  memberId: string | null;
  /** ISO 8601; null: never. */
  expiresAt: string | null;
}

/** What `given` may do that `own` may not: whoever has the one must not change or delete the other. */
export function permissionsBeyond(own: Reach, given: Pick<Reach, 'permissions'>): Permission[] {
  return given.permissions.filter((permission) => !own.permissions.includes(permission));
}

/**
 * Why whoever has `own` may not come by a key that reaches as far as `given`, by making, changing or rotating one; in
 * words that follow "The API key". Undefined: it may.
 */
export function refusalToGive(own: Reach, given: Reach): string | undefined {
  const beyond = permissionsBeyond(own, given);
  if (beyond.length > 0) return `lacks what the other key has: ${beyond.join(', ')}.`;
  // Private incidents are shown to the members that were invited, and so to a key that acts as one of them.
  const isOther = given.memberId !== null && given.memberId !== own.memberId;
  if (isOther && !own.permissions.includes('view_private_incidents'))
    return 'needs the permission view_private_incidents to let a key act as another member.';
  if (own.expiresAt === null) return undefined;
  const outlives = given.expiresAt === null || Date.parse(given.expiresAt) > Date.parse(own.expiresAt);
  return outlives ? `expires at ${own.expiresAt}, and the other key would outlive it.` : undefined;
}
