import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../../support/api.ts';
import type { RecordedLife } from '../recorded-life.ts';
import { isOrigin, type Expected, type Origin, type Sourced } from './expected.ts';

/**
 * What is wrong, a line each: a value that the sample has and ours lacks or nobody has said the source of; one that is not
 * what its source says; one that its source does not change, or that changes though it is said to be fixed.
 */
export function faultsOf(sample: Json, { payload, expected }: Sourced, lives: [RecordedLife, RecordedLife]): string[] {
  const ours = lives.map(payload) as [Json, Json];
  const theirs = lives.map(expected) as [Expected, Expected];
  return filledPlaces(sample).flatMap((path) => {
    const name = path.join('.');
    const origins = theirs.map((root) => originAt(root, path));
    const values = ours.map((root) => valueAt(root, path));
    if (origins[0] === undefined || origins[1] === undefined) return [`${name}: nobody says where it comes from`];
    const impossible = isOrigin(origins[0]) && origins[0].is === 'impossible';
    if (!impossible && values.some(isMissing)) return [`${name}: is ${JSON.stringify(values)}`];
    const isSame = isDeepStrictEqual(values[0], values[1]);
    if (impossible) return isSame || values.every(isMissing) ? [] : [`${name}: is said to be impossible, and changes`];
    const wrong = values.filter((value, index) => !fits(value, origins[index]!));
    if (wrong.length > 0) return [`${name}: is ${JSON.stringify(values)}, not ${JSON.stringify(origins)}`];
    const mayChange = !(isOrigin(origins[0]) && origins[0].is === 'fixed');
    return mayChange === isSame ? [`${name}: is ${JSON.stringify(values)} in two lives with other sources`] : [];
  });
}

/** Where a sample has something: no null, no empty text, list or object. */
function filledPlaces(sample: Json, path: string[] = []): string[][] {
  if (isMissing(sample)) return [];
  if (typeof sample !== 'object') return [path];
  return Object.entries(sample).flatMap(([key, value]) => filledPlaces(value, [...path, key]));
}

/** Lists that are shorter than the sample's repeat their last element. */
function valueAt(root: Json, path: string[]): Json {
  return path.reduce((value, key) => {
    if (!Array.isArray(value)) return value?.[key];
    return value[Math.min(Number(key), value.length - 1)];
  }, root);
}

/** What stands above a place stands for it too. */
function originAt(root: Expected, path: string[]): Origin | string | number | undefined {
  let found: Expected | undefined = root;
  for (const key of path) {
    if (isOrigin(found) || typeof found !== 'object') break;
    found = Array.isArray(found) ? found[Math.min(Number(key), found.length - 1)] : found[key];
  }
  return isOrigin(found) || typeof found !== 'object' ? found : undefined;
}

function fits(value: unknown, origin: Origin | string | number): boolean {
  if (typeof origin !== 'object') return value === origin;
  switch (origin.is) {
    case 'fixed':
      return isDeepStrictEqual(value, origin.value);
    case 'time':
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(String(value)) && !Number.isNaN(Date.parse(String(value)));
    case 'id':
      return typeof value === 'string' && value.length >= 8;
    case 'link':
      return URL.canParse(String(value)) && String(value).includes(origin.to);
    case 'impossible':
      return true;
  }
}

function isMissing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
