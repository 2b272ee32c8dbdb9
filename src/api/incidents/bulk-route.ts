import type { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { Agent } from '../../domain/incident/log-entry.ts';
import { type ApiKey, viewerOf } from '../../stores/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../errors.ts';
import { defineRoute, type Route } from '../route.ts';
import { agentOf } from './agent.ts';
import { type BulkResult, bulkBody, bulkResults } from './bulk-schema.ts';
import { carryOut } from './carry-out.ts';
import { inParallel } from './in-parallel.ts';
import { requireAgent, requireIncident } from './send-command.ts';

const atOnce = 10;

export function createBulkRoute(deps: ApiDeps): Route {
  const { stores } = deps;

  return defineRoute({
    method: 'POST',
    path: '/v1/incident/bulk',
    summary: 'Acknowledge or resolve many incidents',
    description:
      'Each is done or refused on its own. When one of them cannot be confirmed, the whole answer is 503: repeating it under the same Idempotency-Key does nothing twice and tells what became of each.',
    tag: 'Incidents',
    role: 'command',
    auth: 'key',
    permission: 'edit_incidents',
    body: bulkBody,
    responses: { 200: bulkResults },
    refusals: ['not_confirmed'],
    handler: async ({ key, body, commandId }) => {
      const agent = requireAgent(await agentOf(stores.members, key, body.by));
      const results = new Map<string, BulkResult>();
      await inParallel([...new Set(body.incident_ids)], atOnce, async (id) => {
        results.set(id, await one(key, id, commandId(`bulk ${id}`), agent, body));
      });
      return { status: 200, body: { results: body.incident_ids.map((id) => results.get(id)!) } };
    },
  });

  async function one(
    key: ApiKey,
    incidentId: string,
    id: string,
    agent: Agent,
    body: z.output<typeof bulkBody>,
  ): Promise<BulkResult> {
    try {
      const before = await requireIncident(deps, key, incidentId);
      const wish =
        body.action === 'resolve'
          ? ({ type: 'resolve', resolution: body.resolution, rootCause: body.root_cause } as const)
          : ({ type: 'acknowledge' } as const);
      await carryOut(deps, key.organisationId, before, { ...wish, id, agent }, viewerOf(key));
      return { incident_id: incidentId, status: 'done', code: null, detail: null };
    } catch (error) {
      // What may have happened all the same, or failed for other reasons, is no refusal of this incident.
      if (!(error instanceof Refusal) || problems[error.code].status >= 500) throw error;
      return { incident_id: incidentId, status: 'refused', code: error.code, detail: error.message };
    }
  }
}
