import { Refusal } from '../../domain/error-code.ts';
import type { Agent } from '../../domain/incident/log-entry.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import type { IncidentCommand } from '../../temporal/incident-workflows.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route, type RouteContext } from '../route.ts';
import { actionTargetProblem } from './action-target.ts';
import { actionBody, commandBody, incident, presentIncident, resolveBody } from './schema.ts';

type Context = Pick<
  RouteContext<{ id: string }, unknown, { by: string | null }, ApiKey>,
  'params' | 'body' | 'key' | 'commandId'
>;
/** A command as its route knows it: who sends it and under which id is the same for all. */
type Wish = IncidentCommand extends infer Command
  ? Command extends unknown
    ? Omit<Command, 'id' | 'agent'>
    : never
  : never;

export function createCommandRoutes({ stores, workflows }: ApiDeps): Route[] {
  const common = {
    method: 'POST',
    tag: 'Incidents',
    role: 'command',
    auth: 'key',
    params: pathId,
    responses: { 200: incident },
  } as const;

  return [
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/acknowledge',
      summary: 'Acknowledge an incident: somebody works on it',
      body: commandBody,
      refusals: ['already_acknowledged', 'incident_resolved', 'not_confirmed'],
      handler: (context) => carryOut(context, { type: 'acknowledge' }),
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/escalate',
      summary: 'Escalate an incident: its whole team is asked',
      body: commandBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => carryOut(context, { type: 'escalate' }),
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/resolve',
      summary: 'Resolve an incident: all its timers stop',
      body: resolveBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { resolution, root_cause: rootCause } = context.body;
        return carryOut(context, { type: 'resolve', resolution, rootCause });
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/action',
      summary: 'Run an action for an incident',
      body: actionBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: async (context) => {
        const { key, body, commandId } = context;
        const subscriptionId = body.settings.subscription_id ?? null;
        const problem = await actionTargetProblem(
          stores.subscriptions,
          key.organisationId,
          body.settings.subscription_id,
        );
        if (problem) throw invalidField('settings.subscription_id', problem);
        const action = { id: commandId('action'), type: body.type, subscriptionId };
        return carryOut(context, { type: 'action', action });
      },
    }),
  ];

  async function carryOut({ key, params, body, commandId }: Context, wish: Wish) {
    const { organisationId } = key;
    const before = await stores.incidentReads.get(organisationId, params.id);
    if (!before) throw notFound();
    const agent = await agentOf(key, body.by);
    const command = { ...wish, id: commandId('command'), agent } as IncidentCommand;
    try {
      if (before.status === 'resolved') throw new Refusal('incident_resolved', 'The incident is resolved already.');
      await workflows.command(organisationId, params.id, command);
    } catch (error) {
      // A repeat whose first try was carried out, but never confirmed, meets the state that it made itself.
      const isConflict = error instanceof Refusal && ['incident_resolved', 'already_acknowledged'].includes(error.code);
      if (!isConflict || !(await stores.incidentReads.isRecorded(organisationId, params.id, command.id))) throw error;
    }
    const after = await stores.incidentReads.get(organisationId, params.id);
    if (!after) throw notFound();
    return { status: 200 as const, body: presentIncident(after) };
  }

  async function agentOf(key: ApiKey, by: string | null): Promise<Agent> {
    if (by === null) return { type: 'key', id: key.id, name: key.name };
    const member = await stores.members.get(key.organisationId, by);
    if (!member) throw invalidField('by', 'is not a member of this organisation');
    return { type: 'member', id: member.id, name: member.name };
  }
}
