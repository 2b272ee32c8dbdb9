import { stringify } from 'lossless-json';
import { isPlainObject } from '../domain/json/path.ts';
import { textOf } from '../domain/json/scalar.ts';
import { longestDescription } from '../domain/ruleset/ruleset.ts';

/** What lies deeper is written as JSON. */
const deepest = 5;

/**
 * Members as a list that people can read, lists within it for objects and arrays, whose elements are numbered from 1.
 * Blank ones are left out; null when nothing is left. Ends where a description would be cut anyway.
 */
export function outline(members: Iterable<[string, unknown]>): string | null {
  const lines: string[] = [];
  let length = 0;
  for (const line of linesOf(members, 0)) {
    lines.push(line);
    length += line.length + 1;
    if (length > longestDescription) break;
  }
  return lines.length === 0 ? null : lines.join('\n');
}

function* linesOf(members: Iterable<[string, unknown]>, depth: number): Generator<string> {
  const indent = '  '.repeat(depth);
  for (const [member, value] of members) {
    const name = onOneLine(member);
    const text = textOf(value)?.trim();
    if (text !== undefined) {
      // Further lines belong to the item they continue.
      if (text !== '') yield `${indent}- ${name}: ${cutRoughly(text).replaceAll('\n', `\n${indent}  `)}`;
    } else if (depth === deepest) {
      yield `${indent}- ${name}: ${cutRoughly(stringify(value) ?? '')}`;
    } else {
      const inner = linesOf(membersOf(value), depth + 1);
      const first = inner.next();
      if (first.done) continue;
      yield `${indent}- ${name}:`;
      yield first.value;
      yield* inner;
    }
  }
}

function membersOf(value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return value.map((element, index) => [String(index + 1), element]);
  return isPlainObject(value) ? Object.entries(value) : [];
}

function onOneLine(text: string): string {
  return cutRoughly(text).replaceAll(/\s+/g, ' ');
}

/** Whoever puts the description together cuts it for good. */
function cutRoughly(text: string): string {
  return text.slice(0, longestDescription);
}
