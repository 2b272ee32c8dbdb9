import type { Agent } from '../../domain/incident/log-entry.ts';
import { Refusal } from '../../domain/error-code.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import { type Merge, mergeId } from '../../stores/merges.ts';
import { uuidOf } from '../../stores/uuid-of.ts';
import type { IncidentCommand } from '../../temporal/incident-workflows.ts';
import type { ApiDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';
import { agentOf } from './agent.ts';
import { inParallel } from './in-parallel.ts';
import { mergeBody } from './request-schema.ts';
import { presentIncident } from './schema.ts';
import { commandRoute, requireAgent, requireIncident } from './send-command.ts';

const atOnce = 10;

export function createMergeRoute(deps: ApiDeps): Route {
  const { stores, workflows } = deps;

  return defineRoute({
    ...commandRoute,
    path: '/v1/incident/{id}/merge',
    summary: 'Merge other incidents into this one',
    description:
      'They are resolved, and what comes in under their keys joins this one from then on. All of them, or none; those that were merged into it before stay as they are, so a repeat is harmless.',
    body: mergeBody,
    refusals: ['merge_conflict', 'not_confirmed'],
    handler: async ({ key, params, body }) => {
      const { organisationId } = key;
      await requireIncident(deps, key, params.id);
      const own = body.incident_ids.flatMap((id, index) =>
        id === params.id ? [{ field: `incident_ids[${index}]`, message: 'is the incident itself' }] : [],
      );
      const agent = requireAgent(await agentOf(stores.members, key, body.by), own);
      const claimed = await stores.merges.claim(
        organisationId,
        params.id,
        [...new Set(body.incident_ids)],
        viewerOf(key),
      );
      if ('unknown' in claimed)
        throw new Refusal(
          'invalid_fields',
          'Some fields are invalid.',
          body.incident_ids.flatMap((id, index) =>
            claimed.unknown.includes(id)
              ? [{ field: `incident_ids[${index}]`, message: 'is not an incident of this organisation' }]
              : [],
          ),
        );
      // It stands; what follows tells the workflows. Housekeeping tells the sources when this process dies meanwhile.
      for (const merge of claimed.merges) await tell(organisationId, params.id, merge, agent);
      return { status: 200, body: presentIncident(await requireIncident(deps, key, params.id)) };
    },
  });

  /** Under ids that follow from the merge, so that it is logged and resolves once, however often it is asked for. */
  async function tell(organisationId: string, into: string, { since, incidentIds, unresolved }: Merge, agent: Agent) {
    const command = async (id: string, wish: IncidentCommand) => {
      await workflows.command(organisationId, id, wish).catch(unlessResolved);
    };
    await command(into, { type: 'merge', id: mergeId(into, since), agent, incidentIds });
    await inParallel(unresolved, atOnce, (id) =>
      command(id, { type: 'merged', id: uuidOf(`merged:${id}:${since}`), agent, into }),
    );
  }
}

/** Resolved right after it was merged, or by a repeat: that is what is wanted. */
function unlessResolved(error: unknown): void {
  if (!(error instanceof Refusal && error.code === 'incident_resolved')) throw error;
}
