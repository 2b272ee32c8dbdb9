import type { Middleware } from 'koa';
import { Refusal } from '../../domain/error-code.ts';
import type { Logger } from '../../logger.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import { DetailedRefusal, presentProblem, problems, refusalOf, retryAfterSeconds } from '../errors.ts';
import type { Surface } from '../surface.ts';

/**
 * Every error becomes problem+json, or what the clients of a followed vendor expect. One that nobody foresaw is logged
 * once and shown as a bare 500.
 */
export function handleErrors(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const refusal = refusalOf(error) ?? new Refusal('internal_error', 'Something went wrong on our side.');
      const surface = ctx.state.surface as Surface | undefined;
      const status = surface?.statusOf(refusal.code) ?? problems[refusal.code].status;
      const about = { err: error, request_id: ctx.state.requestId, route: ctx.state.route?.path };
      if (refusal.code === 'internal_error') logger.error(about, 'request failed');
      else if (status === 503) logger.warn(about, 'request not served');
      ctx.status = status;
      ctx.body = JSON.stringify(
        surface?.present(refusal, {
          status,
          requestId: ctx.state.requestId,
          hasAuthorization: ctx.get('Authorization') !== '',
          keyName: (ctx.state.key as ApiKey | null | undefined)?.name ?? null,
        }) ?? presentProblem(refusal, ctx.state.requestId),
      );
      ctx.type = surface ? 'application/json' : 'application/problem+json';
      if (status === 429 || status === 503) ctx.set('Retry-After', String(retryAfterSeconds));
      if (refusal instanceof DetailedRefusal) ctx.set(refusal.headers);
    }
  };
}
