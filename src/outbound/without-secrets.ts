/** Shorter values are no secrets, and would be found everywhere. */
const shortestSecret = 6;

/** An answer without the secrets that were sent: receivers that repeat the request are not rare. */
export function withoutSecrets(text: string, secrets: string[]): string {
  const spellings = secrets
    .filter(({ length }) => length >= shortestSecret)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return spellings.reduce((shown, secret) => shown.replaceAll(secret, '<redacted>'), text);
}
