import { z } from 'zod';
import { longestTimeout } from '../../domain/incident/incident.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import type { ApiDeps } from '../deps.ts';
import { id } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { moment } from '../schedules/times.ts';
import { by } from './agent.ts';
import { shownPendingActions } from './schema.ts';
import { commandRoute, createSendCommand } from './send-command.ts';

const path = '/v1/incident/{id}/pending-action/{type}';
const params = z.object({ id, type: z.enum(shownPendingActions) });
const movedAction = z
  .strictObject({ ...by, at: moment.meta({ description: 'In the future, by a year at most.' }) })
  .meta({ examples: [{ at: '2026-03-15T22:00:00Z' }] });
const refusals = ['no_such_pending_action', 'incident_resolved', 'not_confirmed'] as const;

export function createPendingActionRoutes(deps: ApiDeps): Route[] {
  const send = createSendCommand(deps);

  return [
    defineRoute({
      ...commandRoute,
      method: 'PUT',
      path,
      summary: 'Move a pending action of an incident to another time',
      description: 'After moving `resolve` it no longer matters whether further occurrences come in.',
      params,
      body: movedAction,
      refusals,
      handler: (context) => {
        const { params, body } = context;
        return send(
          context,
          (before) => {
            if (isAt(before, params.type, body.at)) return null;
            return { type: 'pending_action', pendingAction: params.type, at: body.at };
          },
          async () => {
            const ahead = Date.parse(body.at) - Date.now();
            if (ahead <= 0) return [{ field: 'at', message: 'must be in the future' }];
            return ahead <= longestTimeout * 1_000 ? [] : [{ field: 'at', message: 'must be a year ahead at most' }];
          },
        );
      },
    }),
    defineRoute({
      ...commandRoute,
      method: 'DELETE',
      path,
      summary: 'Cancel a pending action of an incident',
      description: 'Without `resolve` it stays open until somebody resolves it.',
      params,
      query: z.strictObject({ by: id.optional().meta({ description: 'The member who does it; else it is the key.' }) }),
      refusals,
      handler: ({ query, ...context }) =>
        send({ ...context, body: { by: query.by ?? null } }, () => {
          return { type: 'pending_action', pendingAction: context.params.type, at: null };
        }),
    }),
  ];
}

/** So that a repeat changes nothing. One that waits for quiet is at no fixed time. */
function isAt({ pendingActions }: IncidentRead, wanted: (typeof shownPendingActions)[number], at: string): boolean {
  if (wanted === 'resolve' && pendingActions.some(({ type }) => type === 'quiet_resolve')) return false;
  return pendingActions.some((pending) => pending.type === wanted && Date.parse(pending.at) === Date.parse(at));
}
