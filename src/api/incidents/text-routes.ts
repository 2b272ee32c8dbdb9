import type { ApiDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';
import { bridgeBody, noteBody, priorityBody, severityBody, statusUpdateBody, urgencyBody } from './request-schema.ts';
import { commandRoute, createSendCommand, type Wish } from './send-command.ts';

/** The commands that say something about an incident. */
export function createTextRoutes(deps: ApiDeps): Route[] {
  const send = createSendCommand(deps);
  const change = (changes: Extract<Wish, { type: 'change' }>['changes']): Wish => {
    return { type: 'change', changes, actions: [], status: null };
  };

  return [
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/note',
      summary: 'Write a note into the log of an incident, also after it is resolved',
      body: noteBody,
      refusals: ['not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'note', content: context.body.content })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/status-update',
      summary: 'Tell subscribers and the log how things stand, also after it is resolved',
      body: statusUpdateBody,
      refusals: ['not_confirmed'],
      handler: (context) => send(context, () => ({ type: 'status_update', message: context.body.message })),
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/conference-bridge',
      summary: 'Say where those who work on an incident talk; without number and url: nowhere any more',
      body: bridgeBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { number, url } = context.body;
        return send(context, () => ({ type: 'conference_bridge', number, url }));
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/priority',
      summary: 'Set or remove the priority of an incident, also after it is resolved',
      body: priorityBody,
      refusals: ['not_confirmed'],
      handler: (context) => {
        const { priority } = context.body;
        return send(context, (before) => (before.priority === priority ? null : { type: 'priority', priority }));
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/severity',
      summary: 'Set or remove the severity of an incident, also after it is resolved',
      body: severityBody,
      refusals: ['not_confirmed'],
      handler: (context) => {
        const { severity } = context.body;
        return send(context, (before) => (before.severity === severity ? null : change({ severity })));
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/urgency',
      summary: 'Set the urgency of an incident',
      body: urgencyBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { urgency } = context.body;
        return send(context, (before) => (before.urgency === urgency ? null : change({ urgency })));
      },
    }),
  ];
}
