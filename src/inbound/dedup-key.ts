import { textOf } from '../domain/json/scalar.ts';
import { toStorable } from '../domain/json/storable.ts';
import { shorten } from './incident-key.ts';

/** A sender's own name for a problem as it is kept: storable, and 255 characters at most. Null for what names nothing. */
export function dedupKeyOf(name: unknown): string | null {
  const text = textOf(name);
  return text === null || text === '' ? null : shorten(toStorable(text));
}
