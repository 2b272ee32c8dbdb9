import { parsePath, valueAt } from '../json/path.ts';

/** What conditions look at. */
export interface Subject {
  /** The whole event. */
  payload: unknown;
  /** The one alert of it that this occurrence is. */
  alert: unknown;
}

/** Finds a condition's value, or `missing` (domain/json/path.ts). */
export type Reader = (subject: Subject) => unknown;

export interface ConditionType {
  /** A reader for this key, or what is wrong with the key. */
  compileKey(key: string): { read: Reader } | { error: string };
}

/** The kinds of condition by name; each says where its value comes from, the operators do the rest. */
export const conditionTypes: ReadonlyMap<string, ConditionType> = new Map<string, ConditionType>([
  ['json-check', { compileKey: compileJsonPath }],
]);

function compileJsonPath(key: string): { read: Reader } | { error: string } {
  const parsed = parsePath(key);
  if ('error' in parsed) return parsed;
  const { path } = parsed;
  return { read: ({ payload }) => valueAt(payload, path) };
}
