import { z } from 'zod';
import { incidentReference } from '../../domain/incident/incident.ts';
import { visibilities } from '../../domain/incident/snapshot.ts';
import type { ExportedTask } from '../../stores/export-tasks.ts';
import { taskStatuses } from '../../domain/incident/task.ts';
import { id, timestamp } from '../fields.ts';

const common = {
  id,
  incident_id: id,
  incident_reference: z.string(),
  incident: z.string().meta({ description: 'Its name.' }),
  visibility: z.enum(visibilities).meta({ description: "The incident's." }),
  team_id: id,
  team: z.string(),
};
const rest = {
  description: z.string(),
  status: z.enum(taskStatuses),
  assignee_id: id.nullable(),
  assignee: z.string().nullable(),
  creator: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
  completed_at: timestamp.nullable(),
};

const example = {
  id: '01993c60-4f10-7a01-9b2c-3d4e5f607182',
  incident_id: '01993c53-0b10-7e01-8f2a-1b2c3d4e5f60',
  incident_reference: 'INC-7',
  incident: 'Checkout is failing',
  visibility: 'public',
  team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
  team: 'Payments',
  description: 'Roll the last deploy back.',
  status: 'completed',
  assignee_id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d',
  assignee: 'Ada',
  creator: 'Chat bot',
  created_at: '2026-03-15T19:15:00.000Z',
  updated_at: '2026-03-15T19:21:30.000Z',
  completed_at: '2026-03-15T19:21:30.000Z',
};

/** The keys, in their order, are the columns too. */
export const exportedAction = z.object({ ...common, ...rest }).meta({ id: 'ExportedAction', examples: [example] });

export const exportedFollowUp = z
  .object({
    ...common,
    title: z.string(),
    priority: z.string().nullable(),
    labels: z.array(z.string()),
    ...rest,
  })
  .meta({
    id: 'ExportedFollowUp',
    examples: [{ ...example, title: 'Add an alert for a full pool', priority: 'High', labels: ['monitoring'] }],
  });

export function presentExportedAction(row: ExportedTask): z.input<typeof exportedAction> {
  return { ...commonOf(row), ...restOf(row) };
}

export function presentExportedFollowUp(row: ExportedTask): z.input<typeof exportedFollowUp> {
  const { title, priority, labels } = row;
  return { ...commonOf(row), title, priority, labels, ...restOf(row) };
}

function commonOf(row: ExportedTask) {
  return {
    id: row.id,
    incident_id: row.incidentId,
    incident_reference: incidentReference(row.incidentNumber),
    incident: row.incident,
    visibility: row.visibility,
    team_id: row.teamId,
    team: row.team,
  };
}

function restOf(row: ExportedTask) {
  return {
    description: row.description,
    status: row.status,
    assignee_id: row.assigneeId,
    assignee: row.assignee,
    creator: row.creator,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    completed_at: row.completedAt,
  };
}
