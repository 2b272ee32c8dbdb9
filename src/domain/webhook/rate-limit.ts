/** What an endpoint may still be sent: a token for each attempt. Times are in milliseconds. */
export interface Bucket {
  tokens: number;
  at: number;
}

/**
 * What a tenth of a second adds may be saved up, so that whoever looks late loses nothing; more would be sent at one
 * instant and break the limit.
 */
function capacityOf(perSecond: number): number {
  return 1 + Math.floor(perSecond / 10);
}

export function fullBucket(perSecond: number, now: number): Bucket {
  return { tokens: capacityOf(perSecond), at: now };
}

/** With what has been added since, at the limit of now. */
export function refilled({ tokens, at }: Bucket, perSecond: number, now: number): Bucket {
  const added = (Math.max(0, now - at) / 1_000) * perSecond;
  return { tokens: Math.min(capacityOf(perSecond), tokens + added), at: now };
}

/** What was taken without asking is owed, and paid off before the next. */
export function spent(bucket: Bucket, attempts: number): Bucket {
  return { ...bucket, tokens: bucket.tokens - attempts };
}

/** Whole attempts that may begin now. */
export function attemptsIn({ tokens }: Bucket): number {
  return Math.max(0, Math.floor(tokens + 1e-9));
}

/** Milliseconds until one more attempt may begin; 0: now. */
export function msUntilNext(bucket: Bucket, perSecond: number): number {
  return attemptsIn(bucket) > 0 ? 0 : ((1 - bucket.tokens) / perSecond) * 1_000;
}
