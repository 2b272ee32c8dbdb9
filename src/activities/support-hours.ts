import { urgencyChangesAfter } from '../on-call/support-hours.ts';
import type { SupportHoursStore } from '../stores/support-hours.ts';
import type { SupportHoursActivities } from './incident-activities.ts';

/** So many changes a workflow keeps in store: some weeks of working days. */
export const changesAtOnce = 40;

export function createSupportHoursActivities(store: SupportHoursStore): SupportHoursActivities {
  return {
    async nextUrgencyChanges({ organisationId, incidentId, after }) {
      const hours = await store.ofIncident(organisationId, incidentId);
      return hours === null ? [] : urgencyChangesAfter(hours, Date.parse(after), changesAtOnce);
    },
  };
}
