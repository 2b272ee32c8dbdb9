import type { Task, TaskPerson } from '../../domain/incident/task.ts';
import type { Bounds } from '../fitting.ts';
import { severityLevel } from '../severity-level.ts';
import { shorten } from '../text.ts';
import { microseconds } from './times.ts';
import { derivedUlid, ulidOf } from './ulid.ts';

/** incident.io's action of version 1: a follow-up too, which there is an action that is marked as one. */
export function actionV1Of(task: Task, bounds: Bounds) {
  const { id, title, description } = task;
  return {
    id: ulidOf(id),
    incident_id: ulidOf(task.incidentId),
    description: shorten(description === '' ? title : description, bounds.text),
    status: task.status,
    follow_up: task.kind === 'follow_up',
    ...assigneeOf(task, bounds),
    ...timesOf(task),
  };
}

export function actionV2Of(task: Task, bounds: Bounds) {
  return {
    id: ulidOf(task.id),
    incident_id: ulidOf(task.incidentId),
    description: shorten(task.description, bounds.text),
    status: task.status,
    creator: creatorOf(task, bounds),
    ...assigneeOf(task, bounds),
    ...timesOf(task),
  };
}

export function followUpV2Of(task: Task, organisationId: string, bounds: Bounds) {
  const { priority } = task;
  return {
    id: ulidOf(task.id),
    incident_id: ulidOf(task.incidentId),
    title: shorten(task.title, bounds.text),
    ...(task.description === '' ? {} : { description: shorten(task.description, bounds.text) }),
    status: task.status,
    ...(priority === null ? {} : { priority: priorityOf(organisationId, priority, bounds) }),
    labels: task.labels.slice(0, bounds.list).map((label) => shorten(label, bounds.name)),
    creator: creatorOf(task, bounds),
    ...assigneeOf(task, bounds),
    ...timesOf(task),
  };
}

/** The higher the rank, the more urgent, as incident.io has it; nothing ranks a text that says no level. */
const ranks = { low: 1, medium: 2, high: 3, critical: 4 } as const;

/** Options that are configured in incident.io; here whatever the organisation calls it. */
function priorityOf(organisationId: string, name: string, bounds: Bounds) {
  const level = /^urgent$/i.test(name.trim()) ? 'critical' : severityLevel(name);
  return {
    id: derivedUlid(organisationId, 'follow_up_priority', name),
    name: shorten(name, bounds.name),
    rank: level === null ? 0 : ranks[level],
  };
}

function creatorOf({ creator: { type, id, name }, creatorEmail }: Task, bounds: Bounds) {
  if (type === 'member' && id !== null) return { user: userOf({ id, name, email: creatorEmail }, bounds) };
  return { api_key: { id: ulidOf(id ?? name), name: shorten(name, bounds.name) } };
}

function assigneeOf({ assignee }: Task, bounds: Bounds) {
  return assignee ? { assignee: userOf(assignee, bounds) } : {};
}

/** Members have none of incident.io's roles. */
function userOf({ id, name, email }: TaskPerson, bounds: Bounds) {
  return {
    id: ulidOf(id),
    name: shorten(name, bounds.name),
    ...(email === null ? {} : { email: shorten(email, bounds.name) }),
    role: 'unset' as const,
  };
}

function timesOf({ createdAt, updatedAt, completedAt }: Task) {
  return {
    created_at: microseconds(createdAt),
    updated_at: microseconds(updatedAt),
    ...(completedAt === null ? {} : { completed_at: microseconds(completedAt) }),
  };
}
