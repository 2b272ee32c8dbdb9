import { z } from 'zod';
import type { FieldError } from '../../domain/error-code.ts';
import { dialects } from '../../outbound/index.ts';
import { signingSecretProblem } from '../../outbound/signature.ts';
import { unknownEvents } from './change-subscription.ts';

const whole = z.object({ dialect: z.string(), events: z.unknown().optional(), secret: z.unknown().optional() });

/** Over a body as it came: which events there are, and what a secret may look like, depends on the dialect. */
export function checkNewSubscription(given: unknown): FieldError[] {
  const parsed = whole.safeParse(given);
  const dialect = parsed.success ? dialects[parsed.data.dialect] : undefined;
  if (!parsed.success || !dialect) return [];
  const { events, secret } = parsed.data;
  return [
    ...(Array.isArray(events) && events.length <= 100 ? unknownEvents(dialect.name, events) : []),
    ...(typeof secret === 'string' ? secretFaults(secret, dialect.name) : []),
  ];
}

export function secretFaults(secret: string, dialectName: string): FieldError[] {
  const problem = signingSecretProblem(secret, dialects[dialectName]?.signature ?? 'standard');
  return problem ? [{ field: 'secret', message: problem }] : [];
}
