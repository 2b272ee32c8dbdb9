import { itself } from '../domain/access/viewer.ts';
import { Refusal } from '../domain/error-code.ts';
import { mergeId, type MergeStore } from '../stores/merges.ts';
import type { IncidentWorkflows } from '../temporal/incident-workflows.ts';
import type { MergeActivities } from './incident-activities.ts';

export interface MergeDeps {
  merges: Pick<MergeStore, 'claim'>;
  incidents: Pick<IncidentWorkflows, 'merged'>;
}

/** What the API does for a merge, for one that was signalled; the target's own workflow waits for it. */
export function createMergeActivities({ merges, incidents }: MergeDeps): MergeActivities {
  async function claim(organisationId: string, into: string, incidentIds: string[]) {
    try {
      return await merges.claim(organisationId, into, incidentIds, itself);
    } catch (error) {
      if (error instanceof Refusal) return { refused: error.message };
      throw error;
    }
  }

  return {
    async mergeIncidents({ organisationId, incidentId, reference, incidentIds, by }) {
      // As Postgres writes them: whoever signals writes them by hand.
      const ids = [...new Set(incidentIds.map((id) => id.toLowerCase()))];
      if (ids.includes(incidentId)) return { refused: `Nothing was merged: ${reference} is the incident itself.` };
      const claimed = await claim(organisationId, incidentId, ids);
      if ('refused' in claimed) return claimed;
      if ('unknown' in claimed)
        return { refused: `Nothing was merged: the organisation has no incident ${claimed.unknown.join(', ')}.` };
      // It stands. Housekeeping tells the others, too, should this not come to its end.
      for (const { since, unresolved } of claimed.merges)
        for (const id of unresolved) await incidents.merged(organisationId, id, { incidentId, since, by });
      return {
        merges: claimed.merges.map((merge) => {
          return { id: mergeId(incidentId, merge.since), incidentIds: merge.incidentIds };
        }),
      };
    },
  };
}
