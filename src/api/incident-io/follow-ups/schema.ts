import { z } from 'zod';
import { taskStatuses, type Task } from '../../../domain/incident/task.ts';
import { followUpV2Of } from '../../../outbound/incident-io/task.ts';
import { optionalText, text } from '../../fields.ts';
import { answeredId, answeredTime, incidentIoId } from '../ids.ts';
import { actor } from '../incidents/schema.ts';
import { paginationMeta } from '../paging.ts';
import { assigneeFields } from '../tasks/assignee.ts';
import { givenStatus, modeV2, ofIncident, taskPage, unbounded } from '../tasks/fields.ts';
import { user } from '../users/schema.ts';

const mostLabels = 20;
const title = text(500);
const description = optionalText(15_000).nullish();
const priority = text(64).nullish().meta({
  description:
    'In the words of the organisation, as `High`; the priorities of incident.io are options that it has set up.',
});
const labels = z.array(text(100)).max(mostLabels, `must be at most ${mostLabels}`).nullish();

export const newFollowUp = z
  .object({
    incident_id: incidentIoId,
    title,
    description,
    priority,
    labels,
    ...assigneeFields,
    status: givenStatus.default('outstanding'),
  })
  .meta({
    examples: [
      {
        incident_id: '01FDAG4SAP5TYPT98WGR2N7W91',
        title: 'Add an alert for a full pool',
        description: 'Nobody was told until orders failed.',
        priority: 'High',
        labels: ['monitoring'],
        assignee_id: '01FCNDV6P870EA6S7TK1DSYDG2',
      },
    ],
  });

export const changedFollowUp = z
  .object({
    title: title.optional(),
    description,
    priority,
    labels,
    ...assigneeFields,
    status: givenStatus.optional(),
  })
  .meta({ examples: [{ title: 'Add an alert for a full pool', status: 'not_doing', assignee_id: null }] });

export const followUpV2 = z
  .object({
    id: answeredId,
    incident_id: answeredId,
    title: z.string(),
    description: z.string().optional(),
    status: z.enum(taskStatuses),
    priority: z
      .object({ id: answeredId, name: z.string(), rank: z.int() })
      .optional()
      .meta({ description: '`rank`: 4 for urgent or critical down to 1 for low, 0 for a name that says neither.' }),
    labels: z.array(z.string()),
    assignee: user.optional(),
    creator: actor,
    created_at: answeredTime,
    updated_at: answeredTime,
    completed_at: answeredTime.optional(),
  })
  .meta({
    id: 'IncidentIoFollowUpV2',
    examples: [
      {
        id: '01FCNDV6P870EA6S7TK1DSYDG0',
        incident_id: '01FDAG4SAP5TYPT98WGR2N7W91',
        title: 'Add an alert for a full pool',
        description: 'Nobody was told until orders failed.',
        status: 'outstanding',
        priority: { id: '01GNW4BAQ7XRMFF6FHKNXDFPRW', name: 'High', rank: 3 },
        labels: ['monitoring'],
        assignee: { id: '01FCNDV6P870EA6S7TK1DSYDG2', name: 'Ada', email: 'ada@example.com', role: 'unset' },
        creator: { api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG3', name: 'Chat bot' } },
        created_at: '2026-03-15T19:15:00.000000Z',
        updated_at: '2026-03-15T19:21:30.000000Z',
      },
    ],
  });

export const followUpsQuery = z.object({ ...taskPage, incident_id: ofIncident, incident_mode: modeV2 });

export const oneFollowUp = z.object({ follow_up: followUpV2 });
export const someFollowUps = z.object({ follow_ups: z.array(followUpV2), pagination_meta: paginationMeta });

export function presentFollowUp(task: Task, organisationId: string): z.input<typeof followUpV2> {
  return followUpV2Of(task, organisationId, unbounded);
}
