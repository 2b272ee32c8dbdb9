import { z } from 'zod';
import { problems } from '../errors.ts';
import type { Surface } from '../surface.ts';

const invalid = { status: 'invalid event', message: 'Event object is invalid' };
const throttled = {
  status: 'throttle exceeded',
  message: 'Requests for this service are arriving too quickly. Please retry later.',
};

/**
 * PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview): no key but the one in the body;
 * a word, a sentence and a list for each refusal. Its senders give an event up at 400, and repeat it after 429 and 5xx.
 */
export const eventsApiSurface: Surface = {
  tokenOf: () => undefined,
  statusOf: (code) => (problems[code].status === 422 ? 400 : undefined),
  error: z.object({ status: z.string(), message: z.string(), errors: z.array(z.string()) }).meta({
    id: 'EventsApiError',
    description: "As PagerDuty's Events API answers what it does not take.",
    examples: [{ ...invalid, errors: ["'payload.severity' must be one of critical, error, warning, info"] }],
  }),
  present({ code, message, fields }, { status }) {
    const errors = fields.length > 0 ? fields.map((fault) => `'${fault.field}' ${fault.message}`) : [message];
    if (status === 429) return { ...throttled, errors };
    if (status >= 500) return { status: 'not processed', message: problems[code].title, errors };
    return { ...invalid, errors };
  },
};
