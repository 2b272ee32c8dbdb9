import { isPlainObject } from '../domain/json/path.ts';
import { textOf } from '../domain/json/scalar.ts';

// Members of payloads that may be of any shape: what is something else, or is not there, reads as nothing.

/** A text, number or boolean as text without space around it; null when that leaves nothing. */
export function textAt(value: unknown, name: string): string | null {
  return textOf(memberOf(value, name))?.trim() || null;
}

export function recordAt(value: unknown, name: string): Record<string, unknown> {
  const member = memberOf(value, name);
  return isPlainObject(member) ? member : {};
}

export function listAt(value: unknown, name: string): unknown[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member : [];
}

/** Own members alone, so that no name reaches a prototype. */
export function memberOf(value: unknown, name: string): unknown {
  return isPlainObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
