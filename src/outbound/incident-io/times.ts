/** A time as incident.io writes it: UTC, six digits after the second. Ours are as exact or less so. */
export function microseconds(iso: string): string {
  const digits = /\.(\d+)/.exec(iso)?.[1] ?? '';
  return `${new Date(iso).toISOString().slice(0, 19)}.${digits.slice(0, 6).padEnd(6, '0')}Z`;
}

/** Whole seconds between two times, never below zero. */
export function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1_000));
}

/** Of what was always there, as our statuses: incident.io says of everything when it was made. */
export const always = microseconds('1970-01-01T00:00:00Z');
