import { randomUUID } from 'node:crypto';
import type { Middleware } from 'koa';

/** Takes the client's X-Request-Id when it is harmless, else makes one; the answer and the logs carry it. */
export function requestId(): Middleware {
  return async (ctx, next) => {
    const given = ctx.get('X-Request-Id');
    ctx.state.requestId = /^[A-Za-z0-9._:+/=-]{1,128}$/.test(given) ? given : randomUUID();
    ctx.set('X-Request-Id', ctx.state.requestId);
    await next();
  };
}
