import { Client, Connection, type WorkflowExecutionDescription } from '@temporalio/client';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { TestProduct } from './product.ts';

/** What an operator sees of incidents in the Temporal of a running product. */
export interface ProductTemporal {
  describe(incidentId: string): Promise<WorkflowExecutionDescription>;
  /** By query, as the "Queries" tab of the UI asks. */
  state(incidentId: string): Promise<IncidentState>;
  /** The Markdown on the workflow's page. */
  details(incidentId: string): Promise<string>;
  signal(incidentId: string, name: string, input: unknown): Promise<void>;
  /** Ids of the workflows that a search finds. */
  find(query: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function connectProductTemporal({ temporalAddress }: TestProduct): Promise<ProductTemporal> {
  const connection = await Connection.connect({ address: temporalAddress });
  const { workflow } = new Client({ connection });
  const handle = (incidentId: string) => workflow.getHandle(`incident-${incidentId}`);
  return {
    describe: (incidentId) => handle(incidentId).describe(),
    state: (incidentId) => handle(incidentId).query<IncidentState>('state'),
    async details(incidentId) {
      type Metadata = { currentDetails?: string };
      return (await handle(incidentId).query<Metadata>('__temporal_workflow_metadata')).currentDetails ?? '';
    },
    signal: (incidentId, name, input) => handle(incidentId).signal(name, input),
    async find(query) {
      const ids: string[] = [];
      for await (const { workflowId } of workflow.list({ query })) ids.push(workflowId);
      return ids;
    },
    close: () => connection.close(),
  };
}
