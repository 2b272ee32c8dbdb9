import type { Urgency } from './incident.ts';

/**
 * How urgent an incident of a severity is: of all ranks that the organisation has, the upper third is high and the lowest
 * low. Whatever nobody has judged yet is high: it is better to ask once too often.
 */
export function urgencyOfSeverity(rank: number | null, ranks: number[]): Urgency {
  if (rank === null) return 'high';
  const place = ranks.filter((other) => other <= rank).length / Math.max(1, ranks.length);
  if (place > 2 / 3) return 'high';
  return place > 1 / 3 ? 'medium' : 'low';
}
