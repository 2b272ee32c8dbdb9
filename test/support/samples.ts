import { readFileSync } from 'node:fs';
import { type SourceName, sourceNames } from '../../src/inbound/source.ts';

/** Payloads by what they tell of, as the senders' documentation and the senders themselves spell them. */
export function samplesOf(source: SourceName): Record<string, unknown> {
  if (source === 'generic-json') return { 'a probe': { case: 'down', count: 10 } };
  const file = new URL(`../inbound/samples/${source}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

export const allSamples = sourceNames.map((source) => ({ source, samples: samplesOf(source) }));
