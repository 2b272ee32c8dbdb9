import { z } from 'zod';
import type { ErrorCode, FieldError, Refusal } from '../../domain/error-code.ts';
import { microseconds } from '../../outbound/incident-io/times.ts';
import { QuotaExceeded } from '../middleware/rate-limit.ts';
import type { RefusedRequest, Surface } from '../surface.ts';

const fault = z.object({
  code: z.string(),
  message: z.string(),
  source: z
    .object({ field: z.string() })
    .optional()
    .meta({ description: 'Where in the body, or which parameter of the query.' }),
});

/**
 * incident.io's API (https://docs.incident.io, "Errors" and "Rate limits"): keys as ours, every refusal a type with a list
 * of faults, and 422 for whatever is wrong with what was sent. `authentication_error`, `validation_error` and
 * `too_many_requests`, the codes of their faults and `not_found` are incident.io's words; the others follow their manner.
 */
export const incidentIoSurface: Surface = {
  tokenOf: () => undefined,
  statusOf: (code) => (code === 'already_exists' || code === 'limit_reached' ? 422 : undefined),
  error: z
    .object({
      type: z.string(),
      status: z.int(),
      request_id: z.string(),
      errors: z.array(fault),
      rate_limit: z
        .object({ name: z.string(), limit: z.int(), remaining: z.int(), retry_after: z.iso.datetime() })
        .optional()
        .meta({ description: 'With `too_many_requests`: the API key, its quota, and when it has some again.' }),
    })
    .meta({
      id: 'IncidentIoError',
      description: "As incident.io's API answers errors.",
      examples: [
        {
          type: 'validation_error',
          status: 422,
          request_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
          errors: [{ code: 'is_required', message: 'name is required', source: { field: 'name' } }],
        },
      ],
    }),
  present(refusal, request) {
    return {
      type: types[request.status] ?? refusal.code,
      status: request.status,
      request_id: request.requestId,
      ...(refusal instanceof QuotaExceeded ? { rate_limit: rateLimitOf(refusal, request) } : {}),
      errors:
        refusal.fields.length > 0
          ? refusal.fields.map((field) => faultOf(field, refusal.code))
          : [{ code: codeOf(refusal, request), message: refusal.message }],
    };
  },
};

/** By status; what else there is has its own code as type. */
const types: Readonly<Partial<Record<number, string>>> = {
  400: 'bad_request',
  401: 'authentication_error',
  403: 'authorization_error',
  404: 'not_found',
  409: 'conflict',
  422: 'validation_error',
  429: 'too_many_requests',
  500: 'internal_error',
  503: 'unavailable',
};

function codeOf({ code }: Refusal, { hasAuthorization }: RefusedRequest): string {
  if (code === 'unauthenticated') return hasAuthorization ? 'access_token_invalid' : 'missing_authorization_material';
  if (code === 'rate_limited') return 'too_many_requests';
  return code === 'invalid_fields' ? 'invalid_value' : code;
}

/** incident.io's forms show the message by itself, so that it names its field. */
function faultOf({ field, message }: FieldError, code: ErrorCode): z.input<typeof fault> {
  // Its fields are not told apart by where they came from, and places in lists are steps as any other.
  const name = field.replace(/^query\./, '').replace(/\[(\d+)\]/g, '.$1');
  return { code: faultCodeOf(message, code), message: `${name} ${message}`, source: { field: name } };
}

function faultCodeOf(message: string, code: ErrorCode): string {
  if (code !== 'invalid_fields') return code;
  return message === 'is required' ? 'is_required' : 'invalid_value';
}

function rateLimitOf({ quota, retryAfterSeconds }: QuotaExceeded, { keyName }: RefusedRequest) {
  const retryAfter = new Date(Date.now() + retryAfterSeconds * 1_000).toISOString();
  return { name: keyName ?? '', limit: quota, remaining: 0, retry_after: microseconds(retryAfter) };
}
