import { hmacSha256, isHexOf } from './digest.ts';
import type { VerificationScheme } from './scheme.ts';
import { secretTextProblem } from './secret-text.ts';
import { timestampProblem } from './timestamp.ts';

/**
 * Grafana's webhook contact point: the hex HMAC-SHA256 of the body. With a timestamp header set in the contact point
 * (it has no default name) the signed text is `<seconds since 1970>:<body>`; then that header is demanded here too.
 */
export const grafana: VerificationScheme = {
  name: 'grafana',
  secretProblem: secretTextProblem,

  verify({ headers, body }, { secret, timestampHeader }, now) {
    const signature = headers['x-grafana-alerting-signature'];
    if (typeof signature !== 'string' || signature === '') return 'X-Grafana-Alerting-Signature is missing';
    const signed: (string | Buffer)[] = [body];
    if (timestampHeader !== undefined) {
      const timestamp = headers[timestampHeader];
      if (typeof timestamp !== 'string' || timestamp === '') return `${timestampHeader} is missing`;
      const problem = timestampProblem(timestampHeader, timestamp, now);
      if (problem) return problem;
      signed.unshift(`${timestamp}:`);
    }
    return isHexOf(signature, hmacSha256(secret, ...signed)) ? null : 'X-Grafana-Alerting-Signature does not fit';
  },
};
