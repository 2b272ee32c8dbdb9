import type { Logger } from '../logger.ts';
import type { MergeStore } from '../stores/merges.ts';
import type { IncidentWorkflows } from '../temporal/incident-workflows.ts';

export interface ResolveMergedDeps {
  merges: Pick<MergeStore, 'unmerged'>;
  incidents: Pick<IncidentWorkflows, 'merged'>;
  logger: Logger;
}

/** Younger ones are still in the hands of the API that merged them. */
const repairAfterSeconds = 2;

/** Housekeeping: tells up to `limit` incidents again that they were merged; answers how many it tried. */
export function createResolveMerged({ merges, incidents, logger }: ResolveMergedDeps) {
  return async (limit: number): Promise<number> => {
    const unmerged = await merges.unmerged(limit, repairAfterSeconds);
    for (const { organisationId, incidentId, into, since } of unmerged) {
      try {
        await incidents.merged(organisationId, incidentId, { incidentId: into, since });
      } catch (error) {
        logger.warn({ err: error, incidentId }, 'could not tell an incident that it was merged; housekeeping will');
      }
    }
    return unmerged.length;
  };
}
