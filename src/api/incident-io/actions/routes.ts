import { taskKinds } from '../../../domain/incident/task.ts';
import { mostTasks } from '../../../stores/incident-tasks.ts';
import type { ApiDeps } from '../../deps.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { checkAssignee } from '../tasks/assignee.ts';
import { createTasks, reading, writing } from '../tasks/carry-out.ts';
import { modesOfV1, modesOfV2 } from '../tasks/fields.ts';
import {
  actionsQueryV1,
  actionsQueryV2,
  changedAction,
  newAction,
  oneActionV1,
  oneActionV2,
  presentActionV1,
  presentActionV2,
  someActionsV1,
  someActionsV2,
} from './schema.ts';

const kind = 'action';

/**
 * incident.io's `/v1/actions` and `/v2/actions` (https://docs.incident.io, "Actions"), and completing in one request.
 * Version 1 shows follow-ups too, as actions that are marked.
 */
export function createActionRoutes({ stores }: ApiDeps): Route[] {
  const tasks = createTasks(stores);

  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/actions',
      summary: 'List actions and follow-ups, oldest first',
      query: actionsQueryV1,
      responses: { 200: someActionsV1 },
      refusals: [],
      handler: async ({ key, query }) => {
        const { incident_id: incidentId, incident_mode: mode, is_follow_up: isFollowUp } = query;
        const wanted = isFollowUp === 'true' ? 'follow_up' : kind;
        const kinds = isFollowUp === undefined ? taskKinds : ([wanted] as const);
        const { rows, paginationMeta } = await tasks.page(key, { kinds, modes: modesOfV1(mode), incidentId }, query);
        return { status: 200, body: { actions: rows.map(presentActionV1), pagination_meta: paginationMeta } };
      },
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/actions/{id}',
      summary: 'One action or follow-up',
      params: incidentIoPath,
      responses: { 200: oneActionV1 },
      refusals: [],
      handler: async ({ key, params }) => {
        return { status: 200, body: { action: presentActionV1(await tasks.one(key, taskKinds, params.id)) } };
      },
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v2/actions',
      summary: 'List actions, oldest first',
      query: actionsQueryV2,
      responses: { 200: someActionsV2 },
      refusals: [],
      handler: async ({ key, query }) => {
        const { incident_id: incidentId, incident_mode: mode } = query;
        const filter = { kinds: [kind], modes: modesOfV2(mode), incidentId } as const;
        const { rows, paginationMeta } = await tasks.page(key, filter, query);
        return { status: 200, body: { actions: rows.map(presentActionV2), pagination_meta: paginationMeta } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v2/actions',
      summary: 'Create an action',
      description: `An incident has at most ${mostTasks} actions and follow-ups.`,
      body: newAction,
      checkBody: checkAssignee,
      responses: { 201: oneActionV2 },
      refusals: ['limit_reached'],
      handler: async ({ key, body, transaction }) => {
        const assigneeId = await tasks.assigneeOfNew(key, body);
        const { incident_id: incidentId, description, status } = body;
        return transaction(async (tx) => {
          const texts = { title: '', description, priority: null, labels: [] };
          const created = await tasks.create(key, { incidentId, kind, status, assigneeId, ...texts }, tx);
          return { status: 201 as const, body: { action: presentActionV2(created) } };
        });
      },
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v2/actions/{id}',
      summary: 'One action',
      params: incidentIoPath,
      responses: { 200: oneActionV2 },
      refusals: [],
      handler: async ({ key, params }) => {
        return { status: 200, body: { action: presentActionV2(await tasks.one(key, [kind], params.id)) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v2/actions/{id}',
      summary: 'Change an action',
      description: 'Fields left out stay as they are.',
      params: incidentIoPath,
      body: changedAction,
      checkBody: checkAssignee,
      responses: { 200: oneActionV2 },
      refusals: [],
      handler: async ({ key, params, body, transaction }) => {
        const assigneeId = await tasks.assigneeOfChanged(key, body);
        const { description, status } = body;
        return transaction(async (tx) => {
          const changed = await tasks.change(key, kind, params.id, { description, status, assigneeId }, tx);
          return { status: 200 as const, body: { action: presentActionV2(changed) } };
        });
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v2/actions/{id}/actions/complete',
      summary: 'Complete an action',
      description: 'One that is completed stays as it is.',
      params: incidentIoPath,
      responses: { 200: oneActionV2 },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const completed = await tasks.change(key, kind, params.id, { status: 'completed' }, tx);
          return { status: 200 as const, body: { action: presentActionV2(completed) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: '/v2/actions/{id}',
      summary: 'Delete an action',
      description: 'It is shown on, with the status `deleted`.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          await tasks.change(key, kind, params.id, { status: 'deleted' }, tx);
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}
