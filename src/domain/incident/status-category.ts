import type { Status } from './incident.ts';

/** The categories of incident.io's incident statuses (https://docs.incident.io, "Incident statuses V1"). */
export const statusCategories = [
  'triage',
  'live',
  'paused',
  'learning',
  'closed',
  'declined',
  'merged',
  'canceled',
] as const;
export type StatusCategory = (typeof statusCategories)[number];

/** Which of our three statuses an incident of that category has. */
export function coreStatusOf(category: StatusCategory): Status {
  if (category === 'triage') return 'triggered';
  return category === 'live' || category === 'paused' ? 'acknowledged' : 'resolved';
}
