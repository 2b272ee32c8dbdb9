import type { z } from 'zod';
import type { ErrorCode, Refusal } from '../domain/error-code.ts';

/** How the clients of another vendor, whose API some routes follow, say who they are and understand refusals. */
export interface Surface {
  /** The API key in an Authorization header of the vendor's own scheme, in place of Bearer. */
  tokenOf(authorization: string): string | undefined;
  /** The vendor's status for a code that has another one here; undefined: the same. */
  statusOf(code: ErrorCode): number | undefined;
  /** The body of every refusal. */
  error: z.ZodType;
  present(refusal: Refusal, request: RefusedRequest): unknown;
}

export interface RefusedRequest {
  /** Of the answer. */
  status: number;
  requestId: string;
  /** Whether it came with an Authorization header at all. */
  hasAuthorization: boolean;
  /** Of its API key; null: none was found. */
  keyName: string | null;
}
