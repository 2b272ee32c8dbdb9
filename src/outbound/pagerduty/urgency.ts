import type { Urgency } from '../../domain/incident/incident.ts';

/** PagerDuty knows two: whatever is more than low rings. */
export function urgencyName(urgency: Urgency): 'high' | 'low' {
  return urgency === 'low' ? 'low' : 'high';
}
