import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { ApiRole } from '../config.ts';
import type { Permission } from '../domain/access/permission.ts';
import type { ErrorCode, FieldError } from '../domain/error-code.ts';
import type { ApiKey } from '../stores/api-keys.ts';
import type { Origin } from '../stores/audit-log.ts';
import type { Transaction } from '../stores/sql.ts';
import type { Surface } from './surface.ts';

/** `operations` routes (health, readiness, the API document) are served whatever the roles. */
export type RouteRole = ApiRole | 'operations';
/** `key`: a valid API key is needed. `optional`: without one it answers less; a wrong one is still refused. */
export type RouteAuth = 'key' | 'optional' | 'none';

export interface Outcome {
  status: number;
  body: unknown;
}

/** The body of an answer that is sent while it is made. */
export interface Streamed {
  /** One of those that the route declares, with its charset. */
  contentType: string;
  headers: Readonly<Record<string, string>>;
  /** Hands the body over piece by piece; `send` settles when there is room for more, and throws when nobody reads on. */
  write(send: (text: string) => Promise<void>): Promise<void>;
}

/** Everything a handler may know about its request, already validated. */
export interface RouteContext<Params = unknown, Query = unknown, Body = unknown, Key = ApiKey | null> {
  params: Params;
  query: Query;
  body: Body;
  key: Key;
  requestId: string;
  /** The client's address, behind trusted proxies too. */
  ip: string;
  contentType: string | null;
  headers: IncomingHttpHeaders;
  /** The body's bytes, decompressed; empty when there was none. */
  bytes: Buffer;
  /** For changes outside `transaction`, which says itself whose they are. Null without a key. */
  origin: Key extends ApiKey ? Origin : null;
  /**
   * Runs `effect` in one transaction, repeated when Postgres undoes it for the sake of others. With an Idempotency-Key
   * its outcome is stored in that transaction, so that effect and replay stand or fall together.
   */
  transaction<Result extends Outcome>(effect: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * A UUID for what this request causes outside a transaction: the same for every repeat with the same
   * Idempotency-Key, random without one.
   */
  commandId(purpose: string): string;
  /**
   * Counts the request against its route's shared limit, where only the body says whose it is. Throws `Refusal`
   * `rate_limited`.
   */
  countAgainst(caller: string): void;
}

/** One declaration a route: it routes, authenticates, validates, checks the answer and documents. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With parameters in braces: `/v1/team/{id}/member`, `/status/{page}.json`. Every parameter is an id, or a token. */
  path: string;
  summary: string;
  description?: string;
  tag: string;
  role: RouteRole;
  auth: RouteAuth;
  /** What the key must be allowed; every route that takes a key says so. */
  permission?: Permission;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** JSON; an absent body is read as `{}`. */
  body?: z.ZodType;
  /** What the schema cannot say. Sees the body as it came, so that its findings stand beside the schema's. */
  checkBody?: (given: unknown) => FieldError[];
  /**
   * The only id in its path, or what the handler counts it against, is of this kind, and all who call it share a rate
   * limit; routes with a key have the key's.
   */
  sharedLimit?: 'webhook' | 'statusPage';
  /** Follows another vendor's API: its clients' keys and its refusals; without one a refusal is a problem. */
  surface?: Surface;
  /** Answers pages for people: every answer is a text of HTML. What nobody foresaw is still refused as JSON. */
  html?: boolean;
  /** Answers 200 with a `Streamed` of one of these content types; `responses` says what it is as JSON. */
  streams?: readonly string[];
  /** Of answers that are no refusals, in place of the usual ones. */
  headers?: Readonly<Record<string, string>>;
  /** Takes the body as bytes of any content type, up to this many; with `body`, as JSON whatever its type says. */
  rawBodyLimit?: number | ((userAgent: string) => number);
  responses: Record<number, z.ZodType>;
  /** What it refuses beyond what follows from the declaration (see `refusalsOf`). */
  refusals: readonly ErrorCode[];
  handler: (context: RouteContext) => Promise<Outcome>;
}

/** The answer without a body. */
export const noContent = z.undefined();

type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type OutcomeOf<Responses> = {
  [Status in keyof Responses]: { status: Status; body: z.input<Responses[Status]> };
}[keyof Responses];
/** Without a key there is nothing to permit. */
type PermissionOf<Auth> = Auth extends 'none' ? { permission?: never } : { permission: Permission };
type KeyOf<Auth> = Auth extends 'key' ? ApiKey : Auth extends 'optional' ? ApiKey | null : null;

/** Checks a declaration's types: the handler sees what its schemas put out and answers what they take in. */
export function defineRoute<
  const Auth extends RouteAuth,
  Responses extends Record<number, z.ZodType>,
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  route: Omit<Route, 'auth' | 'permission' | 'params' | 'query' | 'body' | 'responses' | 'handler'> &
    PermissionOf<Auth> & {
      auth: Auth;
      params?: Params;
      query?: Query;
      body?: Body;
      responses: Responses;
      handler: (
        context: RouteContext<OutputOf<Params>, OutputOf<Query>, OutputOf<Body>, KeyOf<Auth>>,
      ) => Promise<OutcomeOf<NoInfer<Responses>>>;
    },
): Route {
  return route as unknown as Route;
}

/** The same of a route that answers with a stream. What it sends nobody checks on the way: its tests do. */
export function defineStream<const Auth extends RouteAuth, Query extends z.ZodObject | undefined = undefined>(
  route: Omit<Route, 'auth' | 'permission' | 'query' | 'handler'> &
    PermissionOf<Auth> & {
      method: 'GET';
      auth: Auth;
      query?: Query;
      streams: readonly string[];
      responses: { 200: z.ZodType };
      handler: (context: RouteContext<undefined, OutputOf<Query>, undefined, KeyOf<Auth>>) => Promise<Streamed>;
    },
): Route {
  const { handler } = route;
  return {
    ...route,
    handler: async (context: Parameters<typeof handler>[0]) => ({ status: 200, body: await handler(context) }),
  } as unknown as Route;
}

/** Every code this route can answer with, in alphabetical order. */
export function refusalsOf(route: Route): ErrorCode[] {
  const codes = new Set<ErrorCode>([...route.refusals, 'internal_error', 'unavailable']);
  if (route.auth !== 'none') codes.add('unauthenticated').add('permission_denied');
  if (route.auth !== 'none' || route.sharedLimit) codes.add('rate_limited');
  if (route.params) codes.add('not_found');
  if (route.query) codes.add('invalid_fields');
  if (route.query && 'cursor' in route.query.shape) codes.add('malformed_cursor');
  if (route.body || route.rawBodyLimit !== undefined)
    for (const code of ['malformed_body', 'body_too_large', 'unsupported_media_type'] as const) codes.add(code);
  if (route.body) codes.add('malformed_json').add('invalid_fields');
  if (takesIdempotencyKey(route))
    codes.add('idempotency_key_in_use').add('idempotency_key_reused').add('invalid_fields');
  return [...codes].sort();
}

export function takesIdempotencyKey(route: Route): boolean {
  return (route.method === 'POST' || route.method === 'PUT') && route.auth === 'key';
}
