import type { Dialect } from './dialect.ts';
import { pulseapi } from './pulseapi.ts';
import { standard } from './standard.ts';

/** Every dialect a subscription can choose. A new one is a file beside these and a line here. */
export const dialects: Readonly<Record<string, Dialect>> = Object.assign(
  Object.create(null) as Record<string, Dialect>,
  {
    [standard.name]: standard,
    [pulseapi.name]: pulseapi,
  },
);

export const dialectNames: string[] = Object.keys(dialects);
