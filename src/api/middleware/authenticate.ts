import type { Context } from 'koa';
import { Refusal } from '../../domain/error-code.ts';
import type { ApiKey, ApiKeyStore } from '../../stores/api-keys.ts';
import type { Route } from '../route.ts';

/**
 * Finds whose request it is, and whether the key may make it. Throws `Refusal` `unauthenticated`, which it says in
 * WWW-Authenticate, or `permission_denied`.
 */
export async function authenticate(
  ctx: Context,
  { auth, permission, surface }: Pick<Route, 'auth' | 'permission' | 'surface'>,
  keys: ApiKeyStore,
): Promise<ApiKey | null> {
  const header = ctx.get('Authorization');
  if (auth === 'none' || (auth === 'optional' && header === '')) return null;
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header)?.[1] ?? surface?.tokenOf(header);
  const key = token === undefined ? undefined : await keys.find(token);
  if (key) {
    if (permission !== undefined && !key.permissions.includes(permission))
      throw new Refusal('permission_denied', `The API key needs the permission ${permission}.`);
    return key;
  }
  const challenge = header === '' ? 'Bearer realm="tocsin"' : 'Bearer realm="tocsin", error="invalid_token"';
  ctx.set('WWW-Authenticate', challenge);
  throw new Refusal('unauthenticated', 'Send a valid API key as `Authorization: Bearer <key>`.');
}
