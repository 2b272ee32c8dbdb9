/** Wire names: changing one cuts running workflows off. */
export const taskQueues = { incidents: 'incidents', inbox: 'inbox', outbox: 'outbox', actions: 'actions' } as const;

export const workflowTypes = {
  incident: 'incident',
  inbox: 'inbox',
  outbox: 'outbox',
  housekeeping: 'housekeeping',
} as const;

export function incidentWorkflowId(incidentId: string): string {
  return `incident-${incidentId}`;
}
