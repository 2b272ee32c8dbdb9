import { z } from 'zod';
import { ulidOf, uuidOfUlid } from '../../outbound/incident-io/ulid.ts';

export { ulidOf };

const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const ulid = '[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}';

/**
 * An id in a request: a ULID, as incident.io's answers have it, or the UUID that our own API knows it by, in capital or
 * small letters. Gives the UUID in small letters. In a path anything else is an unknown id; in a body or query a fault.
 */
export const incidentIoId = z
  .string()
  .transform((given, context) => {
    const id = uuidOfUlid(given) ?? (isUuid(given) ? given.toLowerCase() : undefined);
    if (id !== undefined) return id;
    context.addIssue({ code: 'custom', message: 'must be an id' });
    return z.NEVER;
  })
  .meta({
    jsonSchema: {
      type: 'string',
      pattern: `^(?:${ulid}|${uuid})$`,
      description: 'A ULID; or the UUID of the same thing elsewhere in this API.',
    },
  });

/** The parameters of a path with one id. */
export const incidentIoPath = z.object({ id: incidentIoId });

/** An id in an answer (`ulidOf`). */
export const answeredId = z.string().meta({
  description: 'A ULID: the same bits as the UUID that the rest of this API has.',
  pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$',
  examples: ['01FCNDV6P870EA6S7TK1DSYDG0'],
});

/** A time in an answer, with six digits after the second (`microseconds` of outbound/incident-io/times.ts). */
export const answeredTime = z.iso.datetime().meta({ examples: ['2026-03-01T09:00:00.000000Z'] });

function isUuid(text: string): boolean {
  return new RegExp(`^${uuid}$`).test(text);
}
