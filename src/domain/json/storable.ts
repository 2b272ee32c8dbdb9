/** Postgres keeps neither NUL nor halves of surrogate pairs in text or jsonb. */
const unstorable = /[\0\p{Surrogate}]/u;

export function isStorable(text: string): boolean {
  return !unstorable.test(text);
}

/** What Postgres would refuse becomes U+FFFD. */
export function toStorable(text: string): string {
  return text.replaceAll(new RegExp(unstorable, 'gu'), '\uFFFD');
}
