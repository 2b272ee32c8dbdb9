import type { z } from 'zod';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import type { IncidentState } from '../../domain/incident/incident.ts';
import type { Action } from '../../domain/incident/log-entry.ts';
import { openIncident } from '../../domain/incident/transition.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { actionTargetProblem } from './action-target.ts';
import { incident, newIncident, presentIncident } from './schema.ts';

export function createOpenRoute({ stores, workflows, logger }: ApiDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/v1/team/{id}/incident',
    summary: 'Open an incident',
    description: 'The incident is stored before the answer, also while its workflow cannot be started yet.',
    tag: 'Incidents',
    role: 'command',
    auth: 'key',
    params: pathId,
    body: newIncident,
    responses: { 201: incident },
    refusals: ['already_exists'],
    handler: async ({ key, params, body, commandId }) => {
      const { organisationId } = key;
      if (!(await stores.teams.get(organisationId, params.id))) throw notFound();
      const errors = await findUnknown(organisationId, body);
      if (errors.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', errors);

      // The same for a repeat with the same Idempotency-Key: what a crash kept from being answered is found again.
      const incidentId = commandId('incident');
      const stored = await stores.incidents.opening(organisationId, incidentId);
      const state = stored?.opening ?? (await store(key, params.id, incidentId, body, commandId));
      await startSoon(organisationId, state);
      const row = await stores.incidentReads.get(organisationId, incidentId);
      if (!row) throw new Error(`Incident ${incidentId} was stored and cannot be read`);
      return { status: 201, body: presentIncident(row) };
    },
  });

  async function findUnknown(organisationId: string, body: z.output<typeof newIncident>): Promise<FieldError[]> {
    const unknown = await stores.members.unknownAssignees(organisationId, body.assignees);
    const errors = unknown.map((index) => {
      return {
        field: `assignees[${index}].id`,
        message: `is not a ${body.assignees[index]!.type} of this organisation`,
      };
    });
    for (const [index, { settings }] of body.actions.entries()) {
      const problem = await actionTargetProblem(stores.subscriptions, organisationId, settings.subscription_id);
      if (problem) errors.push({ field: `actions[${index}].settings.subscription_id`, message: problem });
    }
    return errors;
  }

  function store(
    key: ApiKey,
    teamId: string,
    incidentId: string,
    body: z.output<typeof newIncident>,
    commandId: (purpose: string) => string,
  ) {
    const openingActions = body.actions.map<Action>(({ type, settings }, index) => ({
      id: commandId(`action ${index}`),
      type,
      trigger: 'automated',
      subscriptionId: settings.subscription_id ?? null,
    }));
    const assignees = body.assignees.length > 0 ? body.assignees : [{ type: 'team' as const, id: teamId }];
    // Of the team: equal keys of different teams never meet.
    return stores.incidents.create(key.organisationId, teamId, (number) => ({
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
          openedBy: { type: 'key', id: key.id, name: key.name },
          openedThrough: 'api',
          openingActions,
        },
        assignees,
      ),
      description: body.description,
      incidentKey: body.incident_key,
    }));
  }

  /** Temporal may be down: the incident stands, and housekeeping starts its workflow later. */
  async function startSoon(organisationId: string, state: IncidentState): Promise<void> {
    try {
      await workflows.start(state);
      await stores.incidents.markStarted(organisationId, [state.incidentId]);
    } catch (error) {
      logger.warn({ err: error, incident_id: state.incidentId }, 'incident stored; its workflow starts later');
    }
  }
}
