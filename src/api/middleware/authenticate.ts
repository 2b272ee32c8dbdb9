import type { Context } from 'koa';
import { Refusal } from '../../domain/error-code.ts';
import type { Logger } from '../../logger.ts';
import { hasKeyChecksum } from '../../stores/api-key-text.ts';
import type { ApiKey, ApiKeyStore } from '../../stores/api-keys.ts';
import { DetailedRefusal } from '../errors.ts';
import type { Route } from '../route.ts';
import type { NoteKeyUse } from './note-key-use.ts';
import type { RateLimit } from './rate-limit.ts';

export interface AuthenticateDeps {
  apiKeys: Pick<ApiKeyStore, 'find'>;
  noteKeyUse: NoteKeyUse;
  /** Of one address's wrong keys. */
  wrongKeys: RateLimit;
  logger: Logger;
}

/**
 * Finds whose request it is. Throws `Refusal` `unauthenticated`, which it says in WWW-Authenticate, or `rate_limited` for
 * an address that has tried too many wrong keys. A right one is taken from there all the same: behind a proxy that nobody
 * trusts, all clients have one address.
 */
export async function authenticate(
  ctx: Context,
  { auth, surface }: Pick<Route, 'auth' | 'surface'>,
  ip: string,
  { apiKeys, noteKeyUse, wrongKeys, logger }: AuthenticateDeps,
): Promise<ApiKey | null> {
  const header = ctx.get('Authorization');
  if (auth === 'none' || (auth === 'optional' && header === '')) return null;
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header)?.[1] ?? surface?.tokenOf(header);
  const key = token === undefined ? undefined : await apiKeys.find(token);
  if (key) {
    noteKeyUse(key, ip);
    return key;
  }
  if (header !== '') {
    const about = { request_id: ctx.state.requestId, ip, made_here: token !== undefined && hasKeyChecksum(token) };
    logger.info(about, 'wrong API key');
    wrongKeys(ctx, ip);
  }
  throw header === '' ? unauthenticated('Bearer realm="tocsin"') : wrongKey();
}

/** The refusal of a request whose key is none, or is one no longer. */
export function wrongKey(): Refusal {
  return unauthenticated('Bearer realm="tocsin", error="invalid_token"');
}

function unauthenticated(challenge: string): Refusal {
  const headers = { 'WWW-Authenticate': challenge };
  return new DetailedRefusal('unauthenticated', 'Send a valid API key as `Authorization: Bearer <key>`.', { headers });
}

/** Throws `Refusal` `permission_denied`: before anything of the request is read, so that it tells nothing else. */
export function requirePermission(key: ApiKey, { permission }: Pick<Route, 'permission'>): void {
  if (permission !== undefined && !key.permissions.includes(permission))
    throw new Refusal('permission_denied', `The API key needs the permission ${permission}.`);
}
