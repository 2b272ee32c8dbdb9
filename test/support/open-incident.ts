import type { Assignee, Urgency } from '../../src/domain/incident/incident.ts';
import type { TestApi } from './api.ts';
import { newIncidentState } from './incident.ts';

/** An open incident of the first organisation, stored as the API stores it; nobody waits for a workflow. */
export async function storeOpenIncident(
  api: TestApi,
  teamId: string,
  {
    assignees,
    description = '',
    ...given
  }: { name?: string; description?: string; urgency?: Urgency; assignees?: Assignee[] } = {},
): Promise<string> {
  const organisationId = (await api.get('/v1/organisation')).body.id;
  const { incidentId } = await api.deps.stores.incidents.create(organisationId, teamId, (number) => {
    const createdAt = new Date().toISOString();
    const state = newIncidentState({ organisationId, teamId, number, createdAt, ...given });
    const lifecycle = { ...state.lifecycle, assignees: assignees ?? state.lifecycle.assignees };
    return { state: { ...state, lifecycle }, description, incidentKey: null };
  });
  return incidentId;
}
