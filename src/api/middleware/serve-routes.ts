import type { Context, Middleware } from 'koa';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import type { Origin } from '../../stores/audit-log.ts';
import type { Sql } from '../../stores/sql.ts';
import { notFound, retryAfterSeconds } from '../errors.ts';
import { effectsOnce, type Idempotency, type Rendered } from '../idempotency.ts';
import { agentOfKey } from '../incidents/agent.ts';
import { parseJsonBody } from '../json-body.ts';
import {
  noContent,
  takesIdempotencyKey,
  type Outcome,
  type Route,
  type RouteContext,
  type Streamed,
} from '../route.ts';
import { createRouter } from '../router.ts';
import { firstOfEach, validate } from '../validate.ts';
import { authenticate, type AuthenticateDeps, requirePermission } from './authenticate.ts';
import type { RateLimit, RateLimitPolicies } from './rate-limit.ts';
import { readBody } from './read-body.ts';
import { sendStream } from './send-stream.ts';

export interface ServeRoutesDeps {
  sql: Sql;
  authentication: AuthenticateDeps;
  idempotency: Idempotency;
  clientIp: (socketAddress: string, forwardedFor: string) => string;
  rateLimits: Record<Exclude<keyof RateLimitPolicies, 'wrongKeys'>, RateLimit>;
}

const jsonBodyLimit = 1024 * 1024;

/** Takes a request through its route: find it, authenticate, read, validate, act, check the answer. */
export function serveRoutes(routes: Route[], deps: ServeRoutesDeps): Middleware {
  const match = createRouter(routes);

  return async (ctx) => {
    const route = findRoute(ctx, match);
    if (!route) return;
    const ip = deps.clientIp(ctx.req.socket.remoteAddress ?? '', ctx.get('X-Forwarded-For'));
    const key = await authenticate(ctx, route.declaration, ip, deps.authentication);
    ctx.state.key = key;
    const { sharedLimit, headers = {}, html = false } = route.declaration;
    const [subject] = Object.values(route.params);
    if (key) {
      deps.rateLimits.apiKey(ctx, key.id);
      requirePermission(key, route.declaration);
    } else if (sharedLimit && isId(subject)) deps.rateLimits[sharedLimit](ctx, subject.toLowerCase());
    const countAgainst = (caller: string) => sharedLimit && deps.rateLimits[sharedLimit](ctx, caller);
    const request = { ...(await readRequest(ctx, route.declaration, route.params, { key, ip })), countAgainst };
    if (route.declaration.streams) {
      const { body } = await route.declaration.handler({ ...request, ...effectsOnce(deps.sql, request.origin) });
      return sendStream(ctx, body as Streamed);
    }
    const outcome = await act(ctx, route.declaration, request, deps);
    ctx.set(headers);
    ctx.status = outcome.status;
    ctx.type = html ? 'text/html; charset=utf-8' : 'application/json';
    ctx.body = outcome.body;
    if (outcome.body === '') ctx.remove('Content-Type');
    if (outcome.status === 503) ctx.set('Retry-After', String(retryAfterSeconds));
  };
}

function findRoute(ctx: Context, match: ReturnType<typeof createRouter>) {
  const found = match(ctx.method, ctx.path);
  if (found.type === 'unknown') throw notFound();
  ctx.state.surface = found.route.surface;
  if (found.type === 'wrong_method') {
    ctx.set('Allow', found.allow.join(', '));
    if (ctx.method !== 'OPTIONS')
      throw new Refusal('method_not_allowed', `This path answers ${found.allow.join(', ')}.`);
    ctx.status = 204;
    return undefined;
  }
  ctx.state.route = found.route;
  return { declaration: found.route, params: found.params };
}

/** What is no id is answered 404 anyway, and need not be remembered. */
function isId(text: string | undefined): text is string {
  return text?.length === 36;
}

type Request = Omit<RouteContext, 'transaction' | 'commandId'>;

async function readRequest(
  ctx: Context,
  route: Route,
  givenParams: Record<string, string>,
  { key, ip }: { key: ApiKey | null; ip: string },
): Promise<Omit<Request, 'countAgainst'>> {
  const params = route.params ? validate(route.params, givenParams, 'path') : undefined;
  // A malformed id is an unknown id.
  if (params && params.errors.length > 0) throw notFound();

  const contentType = ctx.get('Content-Type') || null;
  const takesBody = route.body !== undefined || route.rawBodyLimit !== undefined;
  const { rawBodyLimit = jsonBodyLimit } = route;
  const limit = typeof rawBodyLimit === 'number' ? rawBodyLimit : rawBodyLimit(ctx.get('User-Agent'));
  const bytes = takesBody ? await readBody(ctx.req, ctx.res, limit) : Buffer.alloc(0);

  const errors: FieldError[] = [];
  const query = route.query ? validate(route.query, { ...ctx.query }, 'query') : undefined;
  const given = route.body
    ? parseJsonBody(bytes, route.rawBodyLimit === undefined ? contentType : undefined)
    : undefined;
  const body = route.body ? validate(route.body, given) : undefined;
  errors.push(...(query?.errors ?? []), ...(body?.errors ?? []), ...(route.checkBody?.(given) ?? []));
  if (errors.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', firstOfEach(errors));

  return {
    params: params?.value,
    query: query?.value,
    body: body?.value,
    key,
    requestId: ctx.state.requestId,
    ip,
    origin: key && originOf(key, ip, ctx.state.requestId),
    contentType,
    headers: ctx.headers,
    bytes,
  };
}

async function act(ctx: Context, route: Route, request: Request, deps: ServeRoutesDeps): Promise<Rendered> {
  const render = (outcome: Outcome) => renderOutcome(route, outcome);
  const header = ctx.headers['idempotency-key'];
  const { origin, bytes } = request;
  if (!takesIdempotencyKey(route) || header === undefined || origin === null)
    return render(await route.handler({ ...request, ...effectsOnce(deps.sql, origin) }));

  const outcome = await deps.idempotency.run(
    { origin, header: String(header), method: ctx.method, path: ctx.path, bytes },
    render,
    (effects) => route.handler({ ...request, ...effects }),
  );
  if (outcome.replayed) ctx.set('Idempotent-Replayed', 'true');
  return outcome;
}

function originOf(key: ApiKey, ip: string, requestId: string): Origin {
  return { organisationId: key.organisationId, agent: agentOfKey(key), apiKeyId: key.id, ip, requestId };
}

/** Only what the declaration names leaves; an answer that does not fit it is a bug of ours. */
function renderOutcome(route: Route, outcome: Outcome): Rendered {
  const schema = route.responses[outcome.status];
  const checked = schema?.safeParse(outcome.body);
  if (!checked?.success) {
    const cause = checked?.error ?? `status ${outcome.status} is not declared`;
    throw new Error(`The answer of ${route.method} ${route.path} does not fit its declaration.`, { cause });
  }
  if (schema === noContent) return { status: outcome.status, body: '' };
  return { status: outcome.status, body: route.html ? String(checked.data) : JSON.stringify(checked.data) };
}
