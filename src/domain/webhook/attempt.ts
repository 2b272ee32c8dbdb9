export const outcomes = [
  'success',
  'http_error',
  'timeout',
  'network_error',
  'tls_error',
  'refused_address',
  'internal_error',
] as const;
export type Outcome = (typeof outcomes)[number];

/** What became of one attempt. `error` and `response` are short, hold no secret, and Postgres can store them. */
export interface AttemptResult {
  /** `success`: any 2xx. `internal_error`: it was never sent, for a reason of our own. */
  outcome: Outcome;
  /** Null when no answer came. */
  statusCode: number | null;
  durationMs: number;
  error: string | null;
  /** The beginning of the answer's body. */
  response: string | null;
}
