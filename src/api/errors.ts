import type { ErrorCode, FieldError } from '../domain/error-code.ts';
import { Refusal } from '../domain/error-code.ts';

/** Status and title of every refusal; total by its type, so a new code cannot be forgotten. */
export const problems = {
  malformed_json: { status: 400, title: 'The body is not JSON' },
  malformed_cursor: { status: 400, title: 'The cursor is not one of this list' },
  malformed_body: { status: 400, title: 'The body cannot be read' },
  unauthenticated: { status: 401, title: 'No valid API key' },
  unverified_sender: { status: 401, title: 'The sender could not be verified' },
  permission_denied: { status: 403, title: 'The API key lacks the permission' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  already_exists: { status: 409, title: 'It exists already' },
  incident_resolved: { status: 409, title: 'The incident is resolved' },
  already_acknowledged: { status: 409, title: 'The incident is acknowledged already' },
  not_acknowledged: { status: 409, title: 'The incident is not acknowledged' },
  not_resolved: { status: 409, title: 'The incident is not resolved' },
  no_further_level: { status: 409, title: 'The escalation policy has no such level' },
  not_a_responder: { status: 409, title: 'The member is no responder of the incident' },
  no_such_pending_action: { status: 409, title: 'The incident has no such pending action' },
  key_in_use: { status: 409, title: 'Another open incident has the key' },
  merge_conflict: { status: 409, title: 'The incidents cannot be merged as they stand' },
  mail_not_set_up: { status: 409, title: 'No mail server is set up' },
  already_verified: { status: 409, title: 'The contact method is verified already' },
  wrong_code: { status: 409, title: 'The code is wrong, used up or too old' },
  not_delivered: { status: 409, title: 'The code could not be delivered' },
  event_rejected: { status: 409, title: 'The sender of the event could not be verified' },
  subscription_disabled: { status: 409, title: 'The subscription is disabled' },
  delivery_pending: { status: 409, title: 'The delivery waits or is on its way' },
  not_told: { status: 409, title: 'The subscription is not told of it any more' },
  not_private: { status: 409, title: 'The incident is public' },
  limit_reached: { status: 409, title: 'There are as many as there may be' },
  still_referenced: { status: 409, title: 'Something still refers to it' },
  admin_key: { status: 409, title: 'The admin key comes from the environment' },
  idempotency_key_in_use: { status: 409, title: 'A request with this Idempotency-Key is in flight' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported content type or encoding' },
  invalid_fields: { status: 422, title: 'Invalid fields' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Internal error' },
  not_confirmed: { status: 503, title: 'Not confirmed in time' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<ErrorCode, { status: number; title: string }>;

/** Seconds a client is asked to wait before it repeats a request that got 429 or 503. */
export const retryAfterSeconds = 2;

/** A refusal that says more than a code and fields: members of its problem, and headers. */
export class DetailedRefusal extends Refusal {
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    detail: string,
    { members = {}, headers = {} }: { members?: Record<string, unknown>; headers?: Record<string, string> },
  ) {
    super(code, detail);
    this.members = members;
    this.headers = headers;
  }
}

/** The body of every refusal (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  request_id: string;
  errors?: FieldError[];
  /** What a `DetailedRefusal` adds. */
  [member: string]: unknown;
}

export function presentProblem(refusal: Refusal, requestId: string): Problem {
  const { status, title } = problems[refusal.code];
  return {
    type: 'about:blank',
    title,
    status,
    code: refusal.code,
    detail: refusal.message,
    request_id: requestId,
    ...(refusal.fields.length > 0 ? { errors: refusal.fields } : {}),
    ...(refusal instanceof DetailedRefusal ? refusal.members : {}),
  };
}

/** The one wording for an id that is unknown, malformed or another organisation's. */
export function notFound(): Refusal {
  return new Refusal('not_found', 'Nothing is known under this path.');
}

export function invalidField(field: string, message: string): Refusal {
  return new Refusal('invalid_fields', 'Some fields are invalid.', [{ field, message }]);
}

/** What an error means to the client; undefined for one that nobody foresaw. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (unstorable.has(code))
    return new Refusal('invalid_fields', 'A value in the request cannot be stored: it is out of range or malformed.');
  if (code === '23505') return new Refusal('already_exists', 'Something with these values exists already.');
  if (isTransient(code)) return new Refusal('unavailable', 'The database is busy or restarting. Try again shortly.');
  return undefined;
}

/** True when Postgres undid the transaction only because of others, so that running it again may well work. */
export function isSerialisationFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** Text, jsonb, number, time and index limits of Postgres that a value in a request can hit. */
const unstorable = new Set(['22021', '22P02', '22P05', '22003', '22007', '22008', '22009', '54000', '54001']);

function isTransient(code: string): boolean {
  return (
    // Deadlock and serialisation; connection trouble; out of resources; shutdown or statement timeout; read-only;
    // a table that the migration under way has yet to make.
    /^(40001|40P01|08...|53...|57P0.|57014|25006|42P01)$/.test(code) ||
    /^(CONNECTION_|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/.test(code)
  );
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
