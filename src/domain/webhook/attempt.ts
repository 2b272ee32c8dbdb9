export const outcomes = [
  'success',
  'http_error',
  'timeout',
  'network_error',
  'tls_error',
  'refused_address',
  'loop',
  'internal_error',
] as const;
export type Outcome = (typeof outcomes)[number];

/** What became of one attempt. `error` and `response` are short, hold no secret, and Postgres can store them. */
export interface AttemptResult {
  /**
   * `success`: any 2xx. `loop`: too many of our own requests lie behind it. `internal_error`: it was never sent, for a
   * reason of our own.
   */
  outcome: Outcome;
  /** Null when no answer came. */
  statusCode: number | null;
  durationMs: number;
  error: string | null;
  /** The beginning of the answer's body. */
  response: string | null;
  /** How long the answer's `Retry-After` asks to be left alone; absent when it does not ask. */
  retryAfterMs?: number;
  /** No further attempt can end otherwise. */
  isFinal?: true;
}
