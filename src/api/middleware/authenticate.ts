import type { Context } from 'koa';
import { Refusal } from '../../domain/error-code.ts';
import type { ApiKey, ApiKeyStore } from '../../stores/api-keys.ts';
import type { Route } from '../route.ts';

/** Finds whose request it is. Throws `Refusal` `unauthenticated` and says so in WWW-Authenticate. */
export async function authenticate(
  ctx: Context,
  { auth, surface }: Pick<Route, 'auth' | 'surface'>,
  keys: ApiKeyStore,
): Promise<ApiKey | null> {
  const header = ctx.get('Authorization');
  if (auth === 'none' || (auth === 'optional' && header === '')) return null;
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header)?.[1] ?? surface?.tokenOf(header);
  const key = token === undefined ? undefined : await keys.find(token);
  if (key) return key;
  const challenge = header === '' ? 'Bearer realm="tocsin"' : 'Bearer realm="tocsin", error="invalid_token"';
  ctx.set('WWW-Authenticate', challenge);
  throw new Refusal('unauthenticated', 'Send a valid API key as `Authorization: Bearer <key>`.');
}
