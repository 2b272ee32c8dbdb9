import { isPlainObject } from '../../domain/json/path.ts';
import type { Bounds } from '../fitting.ts';
import { shorten } from '../text.ts';

/** Cuts what is longer than its bounds and remembers the dotted names of what it cut. */
export interface Cutter {
  name<T extends string | null>(field: string, value: T): T | string;
  text<T extends string | null>(field: string, value: T): T | string;
  list<T>(field: string, values: readonly T[]): T[];
  /** Any JSON: its strings as texts, its lists as lists, at whatever depth. */
  json(field: string, value: unknown): unknown;
  /** What was cut so far, in the order it was. */
  readonly truncated: string[];
}

export function createCutter(bounds: Bounds): Cutter {
  const cut = new Set<string>();
  const shortened = <T extends string | null>(field: string, value: T, bytes: number): T | string => {
    if (value === null) return value;
    const short = shorten(value, bytes);
    if (short !== value) cut.add(field);
    return short;
  };

  const cutter: Cutter = {
    name: (field, value) => shortened(field, value, bounds.name),
    text: (field, value) => shortened(field, value, bounds.text),
    list(field, values) {
      if (values.length > bounds.list) cut.add(field);
      return values.slice(0, bounds.list);
    },
    json(field, value) {
      if (typeof value === 'string') return cutter.text(field, value);
      if (Array.isArray(value)) return cutter.list(field, value).map((element) => cutter.json(field, element));
      if (!isPlainObject(value)) return value;
      const entries = Object.entries(value);
      return Object.fromEntries(entries.map(([name, part]) => [name, cutter.json(`${field}.${name}`, part)]));
    },
    get truncated() {
      return [...cut];
    },
  };
  return cutter;
}
