import { z } from 'zod';
import { taskStatuses, type Task } from '../../../domain/incident/task.ts';
import { actionV1Of, actionV2Of } from '../../../outbound/incident-io/task.ts';
import { text } from '../../fields.ts';
import { answeredId, answeredTime, incidentIoId } from '../ids.ts';
import { actor } from '../incidents/schema.ts';
import { paginationMeta } from '../paging.ts';
import { assigneeFields } from '../tasks/assignee.ts';
import { givenStatus, modeV1, modeV2, ofIncident, taskPage, unbounded } from '../tasks/fields.ts';
import { user } from '../users/schema.ts';

const description = text(15_000);

export const newAction = z
  .object({
    incident_id: incidentIoId,
    description,
    ...assigneeFields,
    status: givenStatus.default('outstanding'),
  })
  .meta({
    examples: [
      {
        incident_id: '01FDAG4SAP5TYPT98WGR2N7W91',
        description: 'Roll the last deploy back.',
        assignee: { email: 'ada@example.com' },
      },
    ],
  });

export const changedAction = z
  .object({ description: description.optional(), ...assigneeFields, status: givenStatus.optional() })
  .meta({ examples: [{ description: 'Roll the last two deploys back.', status: 'outstanding', assignee_id: null }] });

const shared = {
  id: answeredId,
  incident_id: answeredId,
  description: z.string(),
  status: z.enum(taskStatuses),
  assignee: user.optional(),
  created_at: answeredTime,
  updated_at: answeredTime,
  completed_at: answeredTime.optional(),
};
const example = {
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  incident_id: '01FDAG4SAP5TYPT98WGR2N7W91',
  description: 'Roll the last deploy back.',
  status: 'completed',
  assignee: { id: '01FCNDV6P870EA6S7TK1DSYDG2', name: 'Ada', email: 'ada@example.com', role: 'unset' },
  created_at: '2026-03-15T19:15:00.000000Z',
  updated_at: '2026-03-15T19:21:30.000000Z',
  completed_at: '2026-03-15T19:21:30.000000Z',
};

export const actionV1 = z
  .object({ ...shared, follow_up: z.boolean() })
  .meta({ id: 'IncidentIoActionV1', examples: [{ ...example, follow_up: false }] });
export const actionV2 = z.object({ ...shared, creator: actor }).meta({
  id: 'IncidentIoActionV2',
  examples: [{ ...example, creator: { api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG3', name: 'Chat bot' } } }],
});

export const actionsQueryV1 = z.object({
  ...taskPage,
  incident_id: ofIncident,
  incident_mode: modeV1,
  is_follow_up: z.enum(['true', 'false']).optional().meta({ description: 'Follow-ups alone, or actions alone.' }),
});
export const actionsQueryV2 = z.object({ ...taskPage, incident_id: ofIncident, incident_mode: modeV2 });

export const oneActionV1 = z.object({ action: actionV1 });
export const oneActionV2 = z.object({ action: actionV2 });
export const someActionsV1 = z.object({ actions: z.array(actionV1), pagination_meta: paginationMeta });
export const someActionsV2 = z.object({ actions: z.array(actionV2), pagination_meta: paginationMeta });

export const presentActionV1 = (task: Task): z.input<typeof actionV1> => actionV1Of(task, unbounded);
export const presentActionV2 = (task: Task): z.input<typeof actionV2> => actionV2Of(task, unbounded);
