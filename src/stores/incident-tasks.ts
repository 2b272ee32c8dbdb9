import { v7 as uuid } from 'uuid';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Agent } from '../domain/incident/log-entry.ts';
import type { Task, TaskChange, TaskKind } from '../domain/incident/task.ts';
import { logOfIncident, tellOfIncident } from './incident-events.ts';
import { taskColumns } from './incident-task-columns.ts';
import type { IncidentMode } from './incidents.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { isVisibleTo } from './visibility.ts';

/** An incident has no more of both kinds, deleted ones included. */
export const mostTasks = 500;

export type NewTask = Pick<Task, 'incidentId' | 'kind' | 'title' | 'description' | 'priority' | 'labels'> & {
  status: 'outstanding' | 'completed' | 'not_doing';
  /** A member of the organisation. */
  assigneeId: string | null;
};

export interface TaskFilter {
  kinds: readonly TaskKind[];
  /** Of their incidents. */
  modes: readonly IncidentMode[];
  incidentId?: string | undefined;
}

/** Actions and follow-ups. Those of an incident that the viewer may not see are unknown to every function. */
export interface TaskStore {
  /** Whether the viewer may see an incident with this id. */
  hasIncident(organisationId: string, viewer: Viewer, incidentId: string): Promise<boolean>;
  create(
    organisationId: string,
    viewer: Viewer,
    task: NewTask,
    by: Agent,
    tx: Transaction,
  ): Promise<Task | 'unknown_incident' | 'limit_reached'>;
  get(organisationId: string, viewer: Viewer, kinds: readonly TaskKind[], id: string): Promise<Task | undefined>;
  /** Oldest first; `after` is the id of the last one seen. Undefined: there is no such one. */
  list(
    organisationId: string,
    viewer: Viewer,
    filter: TaskFilter,
    page: { limit: number; after?: string | undefined },
  ): Promise<Task[] | undefined>;
  /** What changes nothing is not told of. Undefined: there is no such task. */
  change(
    organisationId: string,
    viewer: Viewer,
    task: { kind: TaskKind; id: string },
    change: TaskChange,
    by: Agent,
    tx: Transaction,
  ): Promise<Task | undefined>;
}

export function createTaskStore(sql: Sql): TaskStore {
  return {
    async hasIncident(organisationId, viewer, incidentId) {
      const found = await sql`
        SELECT i.id FROM incidents i
        WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId} AND ${isVisibleTo(sql, viewer, 'i')}`;
      return found.length > 0;
    },

    async create(organisationId, viewer, { incidentId, ...task }, by, tx) {
      const [incident] = await tx`
        SELECT i.id FROM incidents i
        WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId} AND ${isVisibleTo(tx, viewer, 'i')}
        FOR NO KEY UPDATE`;
      if (!incident) return 'unknown_incident';
      const id = uuid();
      const stored = await tx`
        INSERT INTO incident_tasks (
          id, organisation_id, incident_id, kind, title, description, status, priority, labels, assignee_id, creator,
          completed_at)
        SELECT ${id}, ${organisationId}, ${incidentId}, ${task.kind}, ${task.title}, ${task.description}, ${task.status},
          ${task.priority}, ${task.labels}, ${task.assigneeId}, ${tx.json(by as never)},
          CASE WHEN ${task.status}::text = 'completed' THEN now() END
        WHERE (SELECT count(*) FROM incident_tasks
          WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId}) < ${mostTasks}
        RETURNING id`;
      if (stored.length === 0) return 'limit_reached';
      const created = await read(tx, organisationId, id);
      await tell(tx, organisationId, created, 'created', by);
      return created;
    },

    async get(organisationId, viewer, kinds, id) {
      const { columns, joins } = taskColumns(sql);
      const [row] = await sql<Task[]>`
        SELECT ${columns} FROM incident_tasks k
        JOIN incidents i ON i.organisation_id = k.organisation_id AND i.id = k.incident_id ${joins}
        WHERE k.organisation_id = ${organisationId} AND k.id = ${id} AND k.kind = ANY(${[...kinds]})
          AND ${isVisibleTo(sql, viewer, 'i')}`;
      return row;
    },

    async list(organisationId, viewer, { kinds, modes, incidentId }, { limit, after }) {
      const wanted = sql`
        k.organisation_id = ${organisationId} AND k.kind = ANY(${[...kinds]}) AND i.mode = ANY(${[...modes]})
        AND ${isVisibleTo(sql, viewer, 'i')} ${incidentId === undefined ? sql`` : sql`AND k.incident_id = ${incidentId}`}`;
      const source = sql`
        incident_tasks k JOIN incidents i ON i.organisation_id = k.organisation_id AND i.id = k.incident_id`;
      const [last] =
        after === undefined
          ? []
          : await sql<{ createdAt: string }[]>`SELECT k.created_at FROM ${source} WHERE ${wanted} AND k.id = ${after}`;
      if (after !== undefined && !last) return undefined;
      const { columns, joins } = taskColumns(sql);
      return sql<Task[]>`
        SELECT ${columns} FROM ${source} ${joins}
        WHERE ${wanted}
          ${last === undefined ? sql`` : sql`AND (k.created_at, k.id) > (${last.createdAt}, ${after!})`}
        ORDER BY k.created_at, k.id LIMIT ${limit}`;
    },

    async change(organisationId, viewer, { kind, id }, change, by, tx) {
      // The incident first, as whoever creates a task does; then nobody changes this one meanwhile.
      const [incident] = await tx`
        SELECT i.id FROM incidents i
        JOIN incident_tasks k ON k.organisation_id = i.organisation_id AND k.incident_id = i.id
        WHERE i.organisation_id = ${organisationId} AND k.id = ${id} AND k.kind = ${kind} AND ${isVisibleTo(tx, viewer, 'i')}
        FOR NO KEY UPDATE OF i`;
      if (!incident) return undefined;
      const before = await read(tx, organisationId, id);
      const wanted = {
        title: change.title ?? before.title,
        description: change.description ?? before.description,
        status: change.status ?? before.status,
        priority: change.priority === undefined ? before.priority : change.priority,
        labels: change.labels ?? before.labels,
        assigneeId: change.assigneeId === undefined ? (before.assignee?.id ?? null) : change.assigneeId,
      };
      const { title, description, status, priority, labels } = before;
      const stood = { title, description, status, priority, labels, assigneeId: before.assignee?.id ?? null };
      if (JSON.stringify(wanted) === JSON.stringify(stood)) return before;
      await tx`
        UPDATE incident_tasks SET
          title = ${wanted.title}, description = ${wanted.description}, status = ${wanted.status},
          priority = ${wanted.priority}, labels = ${wanted.labels}, assignee_id = ${wanted.assigneeId}, updated_at = now(),
          completed_at = CASE WHEN ${wanted.status}::text = 'completed' THEN coalesce(completed_at, now()) END
        WHERE organisation_id = ${organisationId} AND id = ${id}`;
      const changed = await read(tx, organisationId, id);
      await tell(tx, organisationId, changed, 'updated', by, before.status);
      return changed;
    },
  };
}

async function read(tx: Queryable, organisationId: string, id: string): Promise<Task> {
  const { columns, joins } = taskColumns(tx);
  const [row] = await tx<Task[]>`
    SELECT ${columns} FROM incident_tasks k ${joins} WHERE k.organisation_id = ${organisationId} AND k.id = ${id}`;
  if (!row) throw new Error(`There is no task ${id}`);
  return row;
}

/** Of what happens to a task, the log of its incident says when it was there, and when it was done. */
async function tell(
  tx: Transaction,
  organisationId: string,
  task: Task,
  change: 'created' | 'updated',
  agent: Agent,
  previous: Task['status'] | null = null,
): Promise<void> {
  const { id, kind, incidentId, updatedAt: at } = task;
  const details = { task_id: id, kind, title: task.title === '' ? task.description : task.title };
  const log = (type: 'task_created' | 'task_completed') =>
    logOfIncident(tx, organisationId, incidentId, { type, at, agent, details });
  if (change === 'created') await log('task_created');
  if (task.status === 'completed' && previous !== 'completed') await log('task_completed');
  await tellOfIncident(tx, organisationId, incidentId, { event: { kind, change, task }, at, agent });
}
