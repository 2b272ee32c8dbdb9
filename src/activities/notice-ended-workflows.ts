import type { EndedWorkflowStore, WorkflowEnd } from '../stores/ended-workflows.ts';

export interface NoticeEndedWorkflowsDeps {
  workflows: {
    since(time: number): Promise<{ incidentId: string; how: WorkflowEnd; at: string }[]>;
    runs(incidentId: string): Promise<boolean>;
  };
  store: EndedWorkflowStore;
  now?: () => number;
}

const msPerDay = 86_400_000;
/** Temporal's list of workflows may lag behind by this much. */
const lagMs = 60_000;

/** A chore: shows incidents whose workflow an operator ended. Answers how many it found. */
export function createNoticeEndedWorkflows(deps: NoticeEndedWorkflowsDeps): () => Promise<number> {
  const { workflows, store, now = Date.now } = deps;
  // The first look goes further back, for what happened while no worker was there.
  let lookedAt = now() - msPerDay;

  return async () => {
    const beganAt = now();
    const ended = await workflows.since(lookedAt - lagMs);
    const open = ended.length === 0 ? [] : await store.unmarked(ended.map(({ incidentId }) => incidentId));
    const openById = new Map(open.map((incident) => [incident.incidentId, incident]));
    let marked = 0;
    for (const { incidentId, how, at } of ended) {
      const incident = openById.get(incidentId);
      // A command may have started it again.
      if (!incident || (await workflows.runs(incidentId))) continue;
      if (await store.mark(incident, how, at)) marked += 1;
    }
    lookedAt = beganAt;
    return marked;
  };
}
