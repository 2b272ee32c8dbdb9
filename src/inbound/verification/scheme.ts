import type { IncomingHttpHeaders } from 'node:http';

/** What a webhook asks of its senders. Which of the optional parts a scheme has is its own affair. */
export interface VerificationSettings {
  secret: string;
  username?: string | undefined;
  /** Lower case. */
  timestampHeader?: string | undefined;
}

/** A request as it came. */
export interface SignedRequest {
  headers: IncomingHttpHeaders;
  /** The bytes that were signed: those received, decompressed. */
  body: Buffer;
}

/** One way in which a sender proves that it knows the secret. */
export interface VerificationScheme {
  name: string;
  /** What the secret must look like, in words that follow its field's name; null when it does. */
  secretProblem(secret: string): string | null;
  /**
   * Null for a genuine request, else why it is none: one line that names what is missing or wrong and never quotes the
   * secret or what was expected. `now` is in milliseconds since 1970. Compares in constant time; never throws.
   */
  verify(request: SignedRequest, settings: VerificationSettings, now: number): string | null;
}
