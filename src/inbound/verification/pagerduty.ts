import { hmacSha256, isHexOf } from './digest.ts';
import type { VerificationScheme } from './scheme.ts';
import { secretTextProblem } from './secret-text.ts';

const mostSignatures = 16;

/** PagerDuty's webhooks V3: `v1=<hex HMAC-SHA256 of the body>`, several with commas between while a secret changes. */
export const pagerduty: VerificationScheme = {
  name: 'pagerduty',
  secretProblem: secretTextProblem,

  verify({ headers, body }, { secret }) {
    const header = headers['x-pagerduty-signature'];
    if (typeof header !== 'string' || header === '') return 'X-PagerDuty-Signature is missing';
    const expected = hmacSha256(secret, body);
    const given = header
      .split(',')
      .slice(0, mostSignatures)
      .map((item) => item.trim());
    return given.some((item) => item.startsWith('v1=') && isHexOf(item.slice('v1='.length), expected))
      ? null
      : 'X-PagerDuty-Signature has no v1 signature that fits';
  },
};
