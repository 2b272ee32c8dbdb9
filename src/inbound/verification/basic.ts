import { isSameText } from './digest.ts';
import type { VerificationScheme } from './scheme.ts';
import { secretTextProblem } from './secret-text.ts';

/** `Authorization: Basic <base64 of username:secret>` (RFC 7617). */
export const basic: VerificationScheme = {
  name: 'basic',
  secretProblem: secretTextProblem,

  verify({ headers: { authorization } }, { username, secret }) {
    if (!authorization) return 'Authorization is missing';
    const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization.trim())?.[1];
    if (encoded === undefined) return 'Authorization is not of the form Basic <credentials>';
    const given = Buffer.from(encoded, 'base64').toString('utf8');
    // One comparison of both: which of them is wrong is nobody's business.
    return isSameText(given, `${username}:${secret}`)
      ? null
      : 'The credentials in Authorization are not the right ones';
  },
};
