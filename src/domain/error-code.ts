/**
 * Every refusal the product can give, end to end: `ApplicationFailure.type` in a workflow, `code` in an HTTP body.
 * The HTTP status of each stands in `api/errors.ts`; the type system keeps that table total.
 */
export const errorCodes = [
  'malformed_json',
  'malformed_cursor',
  'malformed_body',
  'unauthenticated',
  'unverified_sender',
  'permission_denied',
  'not_found',
  'method_not_allowed',
  'already_exists',
  'incident_resolved',
  'already_acknowledged',
  'not_acknowledged',
  'not_resolved',
  'no_further_level',
  'not_a_responder',
  'no_such_pending_action',
  'key_in_use',
  'merge_conflict',
  'mail_not_set_up',
  'already_verified',
  'wrong_code',
  'not_delivered',
  'event_rejected',
  'subscription_disabled',
  'delivery_pending',
  'not_told',
  'not_private',
  'limit_reached',
  'still_referenced',
  'admin_key',
  'idempotency_key_in_use',
  'body_too_large',
  'unsupported_media_type',
  'invalid_fields',
  'idempotency_key_reused',
  'rate_limited',
  'internal_error',
  'not_confirmed',
  'unavailable',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A refusal with a code from the closed list; `fields` names every faulty field as a dotted path. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly fields: FieldError[];

  constructor(code: ErrorCode, detail: string, fields: FieldError[] = []) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
    this.fields = fields;
  }
}

export interface FieldError {
  /** Dotted path such as `conditions[0].key`; `query.limit` and `path.id` for what is not in the body. */
  field: string;
  message: string;
}
