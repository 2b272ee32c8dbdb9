import { z } from 'zod';
import type { ErrorCode } from '../../domain/error-code.ts';
import { problems } from '../errors.ts';
import type { Surface } from '../surface.ts';

/**
 * PagerDuty's REST API v2 (https://developer.pagerduty.com/docs/rest-api-overview): keys as `Token token=…`, errors as
 * numbers with a sentence for each fault. Its clients take 400 for a fault of theirs and repeat what gets 422.
 */
export const pagerDutySurface: Surface = {
  tokenOf: (authorization) => /^Token +token="?([\x21\x23-\x7e]{1,512}?)"? *$/i.exec(authorization)?.[1],
  statusOf: (code) => (problems[code].status === 422 ? 400 : undefined),
  error: z
    .object({
      error: z.object({ message: z.string(), code: z.int(), errors: z.array(z.string()) }),
    })
    .meta({
      id: 'PagerDutyError',
      description: "As PagerDuty's REST API answers errors; `code` is PagerDuty's own.",
      examples: [{ error: { message: 'Not Found', code: 2100, errors: ['Nothing is known under this path.'] } }],
    }),
  present({ code, message, fields }) {
    const errors = fields.length > 0 ? fields.map((fault) => `${fault.field} ${fault.message}`) : [message];
    return { error: { ...wordOf(code), errors } };
  },
};

/** By status, as PagerDuty's reference lists them; what else there is takes its own title. */
const words: Readonly<Partial<Record<number, { message: string; code: number }>>> = {
  400: { message: 'Invalid Input Provided', code: 2001 },
  401: { message: 'Authentication Failed', code: 2006 },
  403: { message: 'Access Denied', code: 2010 },
  404: { message: 'Not Found', code: 2100 },
  422: { message: 'Invalid Input Provided', code: 2001 },
  429: { message: 'Rate Limit Exceeded', code: 2020 },
  500: { message: 'Internal Error', code: 2000 },
  503: { message: 'Internal Error', code: 2000 },
};

function wordOf(code: ErrorCode): { message: string; code: number } {
  const { status, title } = problems[code];
  return words[status] ?? { message: title, code: 2002 };
}
