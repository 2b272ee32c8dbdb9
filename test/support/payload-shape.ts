import assert from 'node:assert/strict';

/**
 * Holds a payload of ours to a vendor's sample of it: it has every key that the sample has, with a value of the same
 * type and, where the sample has something there, something. Of strings that are times or URLs ours are too; each
 * element of a list fits one in the sample's. Keys the sample does not have are left alone, since receivers ignore them.
 *
 * `exceptions` says why not, by path, as `messages[].incident.alerts`: of nothing at that path or below it is anything
 * asked. Throws an AssertionError that lists all that is wrong, and an exception that was not needed as well.
 */
export function holdTo(sample: unknown, ours: unknown, exceptions: Readonly<Record<string, string>> = {}): void {
  const needed = new Set<string>();
  const faults = faultsOf(sample, ours, '').filter(({ path }) => {
    const exception = Object.keys(exceptions).find((listed) => path === listed || isBelow(path, listed));
    if (exception !== undefined) needed.add(exception);
    return exception === undefined;
  });
  const unneeded = Object.keys(exceptions).filter((path) => !needed.has(path));
  const lines = [
    ...faults.map(({ path, says }) => `${path || 'the payload'}: ${says}`),
    ...unneeded.map((path) => `${path}: is listed as an exception and holds`),
  ];
  assert.deepEqual([...new Set(lines)], []);
}

interface Fault {
  path: string;
  says: string;
}

function faultsOf(sample: unknown, ours: unknown, path: string): Fault[] {
  // What the sample leaves empty says nothing of what may stand there.
  if (sample === null) return ours === undefined ? [{ path, says: 'is missing' }] : [];
  if (ours === undefined) return [{ path, says: 'is missing' }];
  const [theirForm, ourForm] = [formOf(sample), formOf(ours)];
  if (theirForm !== ourForm && !(theirForm === 'text' && typeof ours === 'string'))
    return [{ path, says: `is ${ourForm}, not ${theirForm}` }];
  if (!isEmpty(sample) && isEmpty(ours)) return [{ path, says: 'is empty' }];
  if (Array.isArray(sample)) return (ours as unknown[]).flatMap((element) => fewestFaults(sample, element, path));
  if (typeof sample !== 'object') return [];
  return Object.entries(sample).flatMap(([key, value]) =>
    faultsOf(value, (ours as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`),
  );
}

/** Against the element of the sample's list that fits best: lists may hold several kinds. */
function fewestFaults(sample: unknown[], element: unknown, path: string): Fault[] {
  return sample
    .map((theirs) => faultsOf(theirs, element, `${path}[]`))
    .reduce(
      (best, faults) => (faults.length < best.length ? faults : best),
      faultsOf(sample[0] ?? null, element, `${path}[]`),
    );
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(`${above}.`) || path.startsWith(`${above}[`);
}

function formOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'string') return typeof value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) return 'a time';
  return /^https?:\/\/\S+$/.test(value) ? 'a URL' : 'text';
}
