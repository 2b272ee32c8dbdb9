/** As PagerDuty writes nearly every time: UTC, whole seconds, cut off rather than rounded. */
export function wholeSeconds(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19)}Z`;
}

/** `occurred_at` of V3 alone has milliseconds. */
export function milliseconds(iso: string): string {
  return new Date(iso).toISOString();
}
