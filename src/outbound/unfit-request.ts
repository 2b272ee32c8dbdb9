export type UnfitReason = 'invalid_template' | 'body_too_large' | 'invalid_header' | 'too_many_hops';

/** Thrown for a request that must not or cannot be sent; the message is fit to be shown. */
export class UnfitRequest extends Error {
  readonly code: UnfitReason;

  constructor(code: UnfitReason, message: string) {
    super(message);
    this.name = 'UnfitRequest';
    this.code = code;
  }
}
