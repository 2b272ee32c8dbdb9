import { isPlainObject } from '../domain/json/path.ts';
import { textOf } from '../domain/json/scalar.ts';
import { toStorable } from '../domain/json/storable.ts';
import { cut } from '../domain/template/template.ts';

/** Alerts in the wild have below 40. */
export const mostLabels = 64;
export const longestLabelName = 128;
export const longestLabelValue = 512;

/**
 * The texts, numbers and booleans among the members of each that are not empty, of equal names the first. Beyond the
 * bounds names and values are cut, and further labels left out.
 */
export function labelsOf(...records: unknown[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const record of records) {
    if (!isPlainObject(record)) continue;
    for (const [name, value] of Object.entries(record)) {
      if (labels.size >= mostLabels) break;
      const text = textOf(value);
      const label = bounded(name, longestLabelName);
      if (text === null || text === '' || label === '' || labels.has(label)) continue;
      labels.set(label, bounded(text, longestLabelValue));
    }
  }
  return Object.fromEntries(labels);
}

function bounded(text: string, longest: number): string {
  return toStorable(cut(text, longest));
}
