import { Refusal } from '../../domain/error-code.ts';
import type { ApiKey } from '../../stores/api-keys.ts';
import type { IncidentCommand } from '../../temporal/incident-workflows.ts';
import { draftOf } from '../actions/schema.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route, type RouteContext } from '../route.ts';
import { definitionsFor, runsOf } from './action-runs.ts';
import { agentOf } from './agent.ts';
import { carryOut } from './carry-out.ts';
import { commandBody, resolveBody, runBody } from './request-schema.ts';
import { incident, presentIncident } from './schema.ts';

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

export function createCommandRoutes(deps: ApiDeps): Route[] {
  const { stores } = deps;
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
      handler: (context) => send(context, async () => ({ type: 'acknowledge' })),
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/unacknowledge',
      summary: 'Take an acknowledgement back: nobody works on it',
      body: commandBody,
      refusals: ['not_acknowledged', 'incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, async () => ({ type: 'unacknowledge' })),
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/escalate',
      summary: 'Escalate an incident: its whole team is asked',
      body: commandBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, async () => ({ type: 'escalate' })),
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/resolve',
      summary: 'Resolve an incident: all its timers stop',
      body: resolveBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { resolution, root_cause: rootCause } = context.body;
        return send(context, async () => ({ type: 'resolve', resolution, rootCause }));
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/incident/{id}/action',
      summary: 'Run an action for an incident',
      description: 'Answers once it is under way; what came of it is in the list of the incident’s actions.',
      body: runBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, (isOpen) => runAction(context, isOpen)),
    }),
  ];

  async function send(
    { key, params, body, commandId }: Context,
    wishOf: (isOpen: boolean) => Promise<Wish>,
  ): Promise<{ status: 200; body: ReturnType<typeof presentIncident> }> {
    const before = await stores.incidentReads.get(key.organisationId, params.id);
    if (!before) throw notFound();
    const agent = await agentOf(stores.members, key, body.by);
    if (!agent) throw invalidField('by', 'is not a member of this organisation');
    const wish = await wishOf(before.status !== 'resolved');
    const command = { ...wish, id: commandId('command'), agent } as IncidentCommand;
    return { status: 200, body: presentIncident(await carryOut(deps, key.organisationId, before, command)) };
  }

  /** Several targets are several runs, all of them or none. A resolved incident is left to the refusal that follows. */
  async function runAction(
    { key, params, body, commandId }: Context & { body: Parameters<typeof draftOf>[0] },
    isOpen: boolean,
  ): Promise<Wish> {
    const { organisationId } = key;
    const drafts = [draftOf(body)];
    const { definitions, errors } = await definitionsFor(deps, organisationId, params.id, drafts, commandId);
    if (errors.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', errors);
    if (isOpen) await stores.actionDefinitions.insertForIncident(organisationId, params.id, definitions);
    const actions = runsOf(definitions, (_, index) => commandId(`run ${index}`));
    return { type: 'change', changes: null, actions, status: null };
  }
}
