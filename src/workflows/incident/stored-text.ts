/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
export function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest && !/\u0000|\p{Surrogate}/u.test(value);
}

export function isTextOrNull(value: unknown, longest: number): value is string | null {
  return value === null || isText(value, longest);
}

export function isUuid(value: unknown): value is string {
  return isText(value, 36) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

export function isUuidOrNull(value: unknown): value is string | null {
  return value === null || isUuid(value);
}

export function isTime(value: unknown): value is string {
  return isText(value, 40) && !Number.isNaN(Date.parse(value));
}
