import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { incidentWorkflowId, workflowTypes } from './names.ts';

/** How Temporal says that a workflow ended other than by its own return, in our words. */
const ends = { TERMINATED: 'terminated', CANCELLED: 'cancelled', FAILED: 'failed', TIMED_OUT: 'timed_out' } as const;
type WorkflowEnd = (typeof ends)[keyof typeof ends];

export interface EndedWorkflow {
  incidentId: string;
  how: WorkflowEnd;
  /** ISO 8601. */
  at: string;
}

export interface EndedWorkflows {
  /** Incidents whose workflow was ended from outside since then (ms); some may run again by now. */
  since(time: number): Promise<EndedWorkflow[]>;
  /** True when a run of it is open at this moment. */
  runs(incidentId: string): Promise<boolean>;
}

export function createEndedWorkflows(client: Client): EndedWorkflows {
  return {
    async since(time) {
      const query = `WorkflowType = '${workflowTypes.incident}'
        AND ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')
        AND CloseTime > '${new Date(time).toISOString()}'`;
      const found: EndedWorkflow[] = [];
      for await (const { workflowId, status, closeTime } of client.workflow.list({ query })) {
        const how = ends[status.name as keyof typeof ends];
        if (!how || !workflowId.startsWith(idPrefix)) continue;
        const at = (closeTime ?? new Date()).toISOString();
        found.push({ incidentId: workflowId.slice(idPrefix.length), how, at });
      }
      return found;
    },

    async runs(incidentId) {
      try {
        const { status } = await client.workflow.getHandle(incidentWorkflowId(incidentId)).describe();
        return status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}

const idPrefix = incidentWorkflowId('');
