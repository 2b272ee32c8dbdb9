import { isSameText } from './digest.ts';
import type { VerificationScheme } from './scheme.ts';

/** `Authorization: Bearer <secret>`, as Alertmanager, Grafana and incident.io's clients can send it. */
export const bearer: VerificationScheme = {
  name: 'bearer',

  secretProblem(secret) {
    if (secret.length < 8) return 'must have 8 characters or more';
    return /^[\x21-\x7e]+$/.test(secret) ? null : 'must be printable ASCII without spaces';
  },

  verify({ headers: { authorization } }, { secret }) {
    if (!authorization) return 'Authorization is missing';
    const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    if (token === undefined) return 'Authorization is not of the form Bearer <token>';
    return isSameText(token, secret) ? null : 'The token in Authorization is not the right one';
  },
};
