import type { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { PolicySnapshot } from '../../domain/escalation/policy.ts';
import type { Action } from '../../domain/incident/log-entry.ts';
import { openIncident } from '../../domain/incident/open-incident.ts';
import type { NewDefinition } from '../../stores/action-definitions.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import type { NewIncident } from '../../stores/incidents.ts';
import type { Transaction } from '../../stores/sql.ts';
import { draftsOf } from '../actions/schema.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { definitionsFor, runsOf } from './action-runs.ts';
import { agentOfKey } from './agent.ts';
import { unknownAssignees } from './assignees.ts';
import { createOpenIncident, type Opening } from './open-incident.ts';
import { newIncident } from './request-schema.ts';
import { incident, presentIncident } from './schema.ts';

const unknownPolicy = {
  field: 'escalation_policy_id',
  message: 'is not an escalation policy of this organisation',
};

export function createOpenRoute(deps: ApiDeps): Route {
  const { stores } = deps;
  const openAndStart = createOpenIncident(deps);

  return defineRoute({
    method: 'POST',
    path: '/v1/team/{id}/incident',
    summary: 'Open an incident',
    description: 'The incident is stored before the answer, also while its workflow cannot be started yet.',
    tag: 'Incidents',
    role: 'command',
    auth: 'key',
    permission: 'create_incidents',
    params: pathId,
    body: newIncident,
    responses: { 201: incident },
    refusals: ['already_exists'],
    handler: async ({ key, params, body, commandId, ip, headers }) => {
      const { organisationId } = key;
      if (!(await stores.teams.get(organisationId, params.id))) throw notFound();
      // The same for a repeat with the same Idempotency-Key.
      const incidentId = commandId('incident');
      const [unknown, { definitions, errors }, hasPolicy] = await Promise.all([
        unknownAssignees(stores.members, organisationId, body.assignees),
        definitionsFor(deps, organisationId, incidentId, draftsOf(body.actions), commandId),
        isPolicy(organisationId, body.escalation_policy_id),
      ]);
      const faults = [...unknown, ...errors];
      if (!hasPolicy) faults.push(unknownPolicy);
      if (faults.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', faults);

      const opening = {
        ...openingOf(key, params.id, incidentId, body, definitions, commandId),
        reporter: { apiKey: { id: key.id, name: key.name }, ip, headers },
      };
      return { status: 201, body: presentIncident(await openAndStart(organisationId, opening)) };
    },
  });

  async function isPolicy(organisationId: string, id: string | null): Promise<boolean> {
    return id === null || (await stores.escalationPolicies.get(organisationId, id)) !== undefined;
  }

  /** In the transaction of the incident that keeps it. Throws `Refusal` when it was deleted meanwhile. */
  async function takePolicy(
    organisationId: string,
    id: string | null,
    tx: Transaction,
  ): Promise<PolicySnapshot | null> {
    if (id === null) return null;
    const taken = await stores.escalationPolicies.take(organisationId, id, tx);
    if (!taken) throw invalidField(unknownPolicy.field, unknownPolicy.message);
    return taken;
  }

  function openingOf(
    key: ApiKey,
    teamId: string,
    incidentId: string,
    body: z.output<typeof newIncident>,
    definitions: NewDefinition[],
    commandId: (purpose: string) => string,
  ): Omit<Opening, 'reporter'> {
    const runs = runsOf(definitions, (_, index) => commandId(`run ${index}`));
    // Asked for by the caller, not by a ruleset.
    const openingActions = runs.map<Action>((run) => ({ ...run, trigger: 'manual' }));
    const assignees = body.assignees.length > 0 ? body.assignees : [{ type: 'team' as const, id: teamId }];
    const build = async (number: number, tx: Transaction): Promise<NewIncident> => ({
      state: openIncident(
        {
          organisationId: key.organisationId,
          incidentId,
          number,
          teamId,
          name: body.name,
          urgency: body.urgency,
          createdAt: new Date().toISOString(),
          acknowledgementTimeout: body.acknowledgement_timeout,
          autoResolveTimeout: body.auto_resolve_timeout,
          quietResolveTimeout: body.quiet_resolve,
          escalationPolicy: await takePolicy(key.organisationId, body.escalation_policy_id, tx),
          openedBy: agentOfKey(key),
          openedThrough: 'api',
          openingActions,
        },
        assignees,
      ),
      description: body.description,
      incidentKey: body.incident_key,
      severity: body.severity,
      priority: body.priority,
      visibility: body.visibility,
      apiKeyId: key.id,
    });
    return {
      incidentId,
      teamId,
      build,
      storeMore: (tx) => stores.actionDefinitions.insertForIncident(key.organisationId, incidentId, definitions, tx),
    };
  }
}
