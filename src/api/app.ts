import Koa from 'koa';
import { createClientIp } from './client-ip.ts';
import type { ApiDeps } from './deps.ts';
import { createIdempotency } from './idempotency.ts';
import { accessLog } from './middleware/access-log.ts';
import { handleErrors } from './middleware/handle-errors.ts';
import { createRateLimit, defaultRateLimits, isAlertmanager } from './middleware/rate-limit.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { createNoteKeyUse } from './middleware/note-key-use.ts';
import { serveRoutes } from './middleware/serve-routes.ts';
import { createRoutes } from './routes.ts';

/** The API as a Koa app, with the routes of the given roles. */
export function createApp(deps: ApiDeps): Koa {
  const { sql, logger, roles, stores } = deps;
  const rateLimits = { ...defaultRateLimits, ...deps.rateLimits };
  const app = new Koa();
  // Koa's own last resort: what fails while an answer is on its way to a client that has gone.
  app.on('error', (error: Error) => logger.debug({ err: error }, 'answer not sent'));

  const routes = createRoutes(deps).filter(({ role }) => role === 'operations' || roles.includes(role));
  app.use(requestId());
  app.use(securityHeaders());
  app.use(accessLog(logger));
  app.use(handleErrors(logger));
  app.use(
    serveRoutes(routes, {
      sql,
      authentication: {
        apiKeys: stores.apiKeys,
        noteKeyUse: createNoteKeyUse(stores.apiKeys, logger),
        wrongKeys: createRateLimit(rateLimits.wrongKeys),
        logger,
      },
      idempotency: createIdempotency(sql, stores.idempotencyKeys, deps.sealer, logger),
      clientIp: createClientIp(deps.trustedProxies),
      rateLimits: {
        apiKey: createRateLimit(rateLimits.apiKey),
        webhook: createRateLimit(
          rateLimits.webhook,
          undefined,
          (ctx, webhookId) => isAlertmanager(ctx) || stores.events.knownSourceOf(webhookId) === 'alertmanager',
        ),
        statusPage: createRateLimit(rateLimits.statusPage),
      },
    }),
  );
  return app;
}
