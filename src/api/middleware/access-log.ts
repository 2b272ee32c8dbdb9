import type { Middleware } from 'koa';
import type { Logger } from '../../logger.ts';

/** One line a request. It names the route, not the URL: the id of a webhook is all that its senders need to know. */
export function accessLog(logger: Logger): Middleware {
  return async (ctx, next) => {
    const from = performance.now();
    await next();
    logger.info(
      {
        request_id: ctx.state.requestId,
        method: ctx.method,
        route: ctx.state.route?.path ?? null,
        status: ctx.status,
        ms: Math.round((performance.now() - from) * 10) / 10,
        organisation_id: ctx.state.key?.organisationId,
        api_key_id: ctx.state.key?.id,
      },
      'request',
    );
  };
}
