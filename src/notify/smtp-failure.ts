/** Why a mail was not taken, for people to read: the server's own words may repeat what was sent, so they are left out. */
export function describeSmtpFailure(error: unknown, late: boolean): string {
  const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown };
  if (typeof responseCode === 'number') {
    if (code === 'EAUTH') return `the mail server refused the login: it answered ${responseCode}`;
    return `the mail server answered ${responseCode}`;
  }
  if (late) return 'the mail server did not answer in time';
  return (
    (typeof code === 'string' && described.get(code)) || `mail failed: ${typeof code === 'string' ? code : 'unknown'}`
  );
}

/** Nodemailer's codes, and those of Node that it passes on. */
const described = new Map([
  ['EDNS', 'the name of the mail server could not be looked up'],
  ['ESOCKET', 'the mail server cannot be reached'],
  ['ECONNREFUSED', 'the mail server refused the connection'],
  ['ECONNECTION', 'the mail server closed the connection'],
  ['ECONNRESET', 'the mail server closed the connection'],
  ['ETIMEDOUT', 'the mail server did not answer in time'],
  ['ETLS', 'the mail server offers no encrypted connection that can be trusted'],
  ['EAUTH', 'the mail server refused the login'],
  ['EENVELOPE', 'the mail server refused the addresses'],
]);
