import { isStorable } from './storable.ts';

/** Where a value stands in a JSON document, from the root down. A number is an index, for arrays alone. */
export type Path = (string | number)[];

export type PathResult = { path: Path } | { error: string };

/** What `valueAt` answers for a path that leads nowhere; no JSON value is undefined. */
export const missing = undefined;

export const longestPath = 512;
export const mostSegments = 64;

/**
 * Reads `products[0].count`, `a["b.c"]`, `["b c"][2]`, or a JSON Pointer (RFC 6901) such as `/products/0/count`.
 * Bare names may hold anything but `. [ ] " '`; quoted ones anything, with `\` before a quote or a backslash.
 * The error says what was expected and at which character, counted from 1.
 */
export function parsePath(text: string): PathResult {
  if (text === '') return { error: 'must not be empty' };
  if (text.length > longestPath) return { error: `must be at most ${longestPath} characters long` };
  // Neither could be stored with the ruleset.
  if (!isStorable(text)) return { error: 'must not contain NUL or unpaired surrogates' };
  const result = text.startsWith('/') ? parsePointer(text) : parseDotted(text);
  if ('path' in result && result.path.length > mostSegments)
    return { error: `must have at most ${mostSegments} segments` };
  return result;
}

/** The value there, or `missing`. Follows own properties alone, so no key reaches a prototype. */
export function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const segment of path) {
    if (Array.isArray(value)) value = elementAt(value, segment);
    else if (typeof segment === 'string' && isPlainObject(value) && Object.hasOwn(value, segment))
      value = value[segment];
    else return missing;
  }
  return value;
}

/** A JSON object, as opposed to an array, a scalar, or a number kept as text (a class of its own). */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  // A payload's own "__proto__" key is an own property and leaves the prototype alone.
  return Object.getPrototypeOf(value) === Object.prototype;
}

const canonicalIndex = /^(0|[1-9]\d{0,14})$/;

/** `a.0` and `/a/0` reach elements too: a pointer cannot tell an index from a name. */
function elementAt(array: unknown[], segment: string | number): unknown {
  if (typeof segment === 'number') return array[segment];
  return canonicalIndex.test(segment) ? array[Number(segment)] : missing;
}

function parsePointer(text: string): PathResult {
  const path: Path = [];
  let position = 2;
  for (const token of text.slice(1).split('/')) {
    const badEscape = /~(?![01])/.exec(token);
    if (badEscape) return { error: `character ${position + badEscape.index}: "~" must be followed by 0 or 1` };
    path.push(token.replaceAll('~1', '/').replaceAll('~0', '~'));
    position += token.length + 1;
  }
  return { path };
}

// Sticky, so that each is tried exactly where the last one ended.
const bareName = /[^.[\]"']+/y;
const index = /\[(\d+)\]/y;
const quotedKey = /\[(?:"((?:[^"\\]|\\["'\\])*)"|'((?:[^'\\]|\\["'\\])*)')\]/y;

function parseDotted(text: string): PathResult {
  // Other tools' paths begin with it; a key that really is "$" can be quoted.
  if (/^\$(?=[.[]|$)/.test(text))
    return { error: 'character 1: leave out the leading "$"; the path begins at the root' };
  const path: Path = [];
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found;
  };

  while (at < text.length) {
    const position = at + 1;
    if (text[at] === '[') {
      const found = match(index);
      if (found) {
        const digits = found[1] ?? '';
        if (!canonicalIndex.test(digits))
          return { error: `character ${position}: an index has no leading zero and at most 15 digits` };
        path.push(Number(digits));
        continue;
      }
      const quoted = match(quotedKey);
      if (!quoted)
        return {
          error: `character ${position}: expected an index such as [0], counted from 0, or a quoted key such as ["a.b"]`,
        };
      path.push((quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(["'\\])/g, '$1'));
      continue;
    }
    if (path.length > 0) {
      if (text[at] !== '.') return { error: `character ${position}: expected "." or "["` };
      at += 1;
    }
    const name = match(bareName);
    if (!name) return { error: `character ${at + 1}: expected a name` };
    path.push(name[0]);
  }
  return { path };
}
