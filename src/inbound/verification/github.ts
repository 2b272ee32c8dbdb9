import { hmacSha256, isHexOf } from './digest.ts';
import type { VerificationScheme } from './scheme.ts';
import { secretTextProblem } from './secret-text.ts';

const prefix = 'sha256=';

/** GitHub's webhooks: `sha256=<hex HMAC-SHA256 of the body>`. The older SHA-1 header does not count. */
export const github: VerificationScheme = {
  name: 'github',
  secretProblem: secretTextProblem,

  verify({ headers, body }, { secret }) {
    const header = headers['x-hub-signature-256'];
    if (typeof header !== 'string' || header === '') return 'X-Hub-Signature-256 is missing';
    if (!header.startsWith(prefix)) return `X-Hub-Signature-256 does not begin with ${prefix}`;
    return isHexOf(header.slice(prefix.length), hmacSha256(secret, body)) ? null : 'X-Hub-Signature-256 does not fit';
  },
};
