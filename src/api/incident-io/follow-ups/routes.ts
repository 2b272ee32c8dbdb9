import { mostTasks } from '../../../stores/incident-tasks.ts';
import type { ApiDeps } from '../../deps.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { checkAssignee } from '../tasks/assignee.ts';
import { createTasks, reading, writing } from '../tasks/carry-out.ts';
import { modesOfV2 } from '../tasks/fields.ts';
import { changedFollowUp, followUpsQuery, newFollowUp, oneFollowUp, presentFollowUp, someFollowUps } from './schema.ts';

const kind = 'follow_up';

/** incident.io's `/v2/follow_ups` (https://docs.incident.io, "Follow-ups"), and completing in one request. */
export function createFollowUpRoutes({ stores }: ApiDeps): Route[] {
  const tasks = createTasks(stores);

  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v2/follow_ups',
      summary: 'List follow-ups, oldest first',
      query: followUpsQuery,
      responses: { 200: someFollowUps },
      refusals: [],
      handler: async ({ key, query }) => {
        const { incident_id: incidentId, incident_mode: mode } = query;
        const filter = { kinds: [kind], modes: modesOfV2(mode), incidentId } as const;
        const { rows, paginationMeta } = await tasks.page(key, filter, query);
        const followUps = rows.map((row) => presentFollowUp(row, key.organisationId));
        return { status: 200, body: { follow_ups: followUps, pagination_meta: paginationMeta } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v2/follow_ups',
      summary: 'Create a follow-up',
      description: `An incident has at most ${mostTasks} actions and follow-ups.`,
      body: newFollowUp,
      checkBody: checkAssignee,
      responses: { 201: oneFollowUp },
      refusals: ['limit_reached'],
      handler: async ({ key, body, transaction }) => {
        const assigneeId = await tasks.assigneeOfNew(key, body);
        const { incident_id: incidentId, title, description, status, priority, labels } = body;
        const texts = { title, description: description ?? '', priority: priority ?? null, labels: labels ?? [] };
        return transaction(async (tx) => {
          const created = await tasks.create(key, { incidentId, kind, status, assigneeId, ...texts }, tx);
          return { status: 201 as const, body: { follow_up: presentFollowUp(created, key.organisationId) } };
        });
      },
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v2/follow_ups/{id}',
      summary: 'One follow-up',
      params: incidentIoPath,
      responses: { 200: oneFollowUp },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await tasks.one(key, [kind], params.id);
        return { status: 200, body: { follow_up: presentFollowUp(found, key.organisationId) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v2/follow_ups/{id}',
      summary: 'Change a follow-up',
      description: 'Fields left out stay as they are; null takes description, priority, labels or assignee away.',
      params: incidentIoPath,
      body: changedFollowUp,
      checkBody: checkAssignee,
      responses: { 200: oneFollowUp },
      refusals: [],
      handler: async ({ key, params, body, transaction }) => {
        const assigneeId = await tasks.assigneeOfChanged(key, body);
        const { title, status, priority } = body;
        const change = {
          title,
          status,
          priority,
          description: body.description === null ? '' : body.description,
          labels: body.labels === null ? [] : body.labels,
          assigneeId,
        };
        return transaction(async (tx) => {
          const changed = await tasks.change(key, kind, params.id, change, tx);
          return { status: 200 as const, body: { follow_up: presentFollowUp(changed, key.organisationId) } };
        });
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v2/follow_ups/{id}/actions/complete',
      summary: 'Complete a follow-up',
      description: 'One that is completed stays as it is.',
      params: incidentIoPath,
      responses: { 200: oneFollowUp },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          const completed = await tasks.change(key, kind, params.id, { status: 'completed' }, tx);
          return { status: 200 as const, body: { follow_up: presentFollowUp(completed, key.organisationId) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: '/v2/follow_ups/{id}',
      summary: 'Delete a follow-up',
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
