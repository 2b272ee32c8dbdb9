import type { NewDefinition } from '../../stores/action-definitions.ts';
import { draftOf } from '../actions/schema.ts';
import type { ApiDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';
import { definitionsFor, runsOf } from './action-runs.ts';
import { commandBody, escalateBody, resolveBody, runBody, snoozeBody } from './request-schema.ts';
import { commandRoute, createSendCommand } from './send-command.ts';

/** The commands that move an incident through its life, and running an action. */
export function createCommandRoutes(deps: ApiDeps): Route[] {
  const { stores } = deps;
  const send = createSendCommand(deps);

  return [
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/acknowledge',
      summary: 'Acknowledge an incident: somebody works on it',
      body: commandBody,
      refusals: ['already_acknowledged', 'incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'acknowledge' })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/unacknowledge',
      summary: 'Take an acknowledgement back: nobody works on it',
      body: commandBody,
      refusals: ['not_acknowledged', 'incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'unacknowledge' })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/snooze',
      summary: 'Snooze an incident: it is acknowledged, and comes back after a while',
      body: snoozeBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'snooze', duration: context.body.duration })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/escalate',
      summary: 'Escalate an incident: the next level is asked',
      description: 'A level of its escalation policy. One without a policy knows only its whole team, and no levels.',
      body: escalateBody,
      refusals: ['no_further_level', 'incident_resolved', 'not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'escalate', level: context.body.level })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/resolve',
      summary: 'Resolve an incident: all its timers stop',
      body: resolveBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { resolution, root_cause: rootCause } = context.body;
        return send(context, () => ({ type: 'resolve', resolution, rootCause }));
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/reopen',
      summary: 'Reopen a resolved incident',
      description:
        'Its timers and its escalation policy begin anew. It takes its incident_key back, unless another incident has it.',
      body: commandBody,
      refusals: ['not_resolved', 'key_in_use', 'not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'reopen' })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/action',
      summary: 'Run an action for an incident',
      description: 'Answers once it is under way; what came of it is in the list of the incident’s actions.',
      body: runBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { key, params, body, commandId } = context;
        let definitions: NewDefinition[] = [];
        // Several targets are several runs, all of them or none. A resolved incident is left to the refusal that follows.
        return send(
          context,
          async ({ status }) => {
            if (status !== 'resolved')
              await stores.actionDefinitions.insertForIncident(key.organisationId, params.id, definitions);
            const actions = runsOf(definitions, (_, index) => commandId(`run ${index}`));
            return { type: 'change', changes: null, actions, status: null };
          },
          async () => {
            const found = await definitionsFor(deps, key.organisationId, params.id, [draftOf(body)], commandId);
            definitions = found.definitions;
            return found.errors;
          },
        );
      },
    }),
  ];
}
