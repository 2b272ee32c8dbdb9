/** What every scheme asks of a secret that is taken as it is written. */
export function secretTextProblem(secret: string): string | null {
  if (secret.length < 8) return 'must have 8 characters or more';
  return /^[\x20-\x7e]+$/.test(secret) ? null : 'must be printable ASCII';
}
