import { z } from 'zod';
import { isReservedDeliveryHeader } from '../../outbound/custom-headers.ts';

const mostHeaders = 20;
/** Of all values together, in bytes: they are ASCII. */
const longestValues = 4_096;

/** RFC 9110's token. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** What HTTP hands on as it is: spaces around a value are dropped on the way. */
const headerValue = /^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/;

const header = {
  name: z.string().regex(headerName, 'must be a header name of at most 100 characters'),
  value: z
    .string()
    .max(longestValues, `must be at most ${longestValues} characters long`)
    .regex(headerValue, 'must be printable ASCII without spaces around it'),
};

/** The headers of a subscription; `isStrict` refuses what else stands beside a name and a value. */
export function customHeaders(isStrict: boolean) {
  return z
    .array(isStrict ? z.strictObject(header) : z.object(header))
    .max(mostHeaders, `must be at most ${mostHeaders}`)
    .superRefine((given, context) => {
      const seen = new Set<string>();
      for (const [index, { name }] of given.entries()) {
        const problem = nameProblem(name.toLowerCase(), seen);
        if (problem) context.addIssue({ code: 'custom', path: [index, 'name'], message: problem });
        seen.add(name.toLowerCase());
      }
      if (given.reduce((length, { value }) => length + value.length, 0) > longestValues)
        context.addIssue({ code: 'custom', message: `must have values of at most ${longestValues} bytes together` });
    });
}

function nameProblem(name: string, seen: Set<string>): string | null {
  if (isReservedDeliveryHeader(name)) return 'is a header that cannot be set';
  return seen.has(name) ? 'must be unique, in upper and lower case' : null;
}
