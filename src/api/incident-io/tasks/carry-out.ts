import type { Task, TaskChange, TaskKind } from '../../../domain/incident/task.ts';
import { type FieldError, Refusal } from '../../../domain/error-code.ts';
import { type ApiKey, viewerOf } from '../../../stores/api-keys.ts';
import { mostTasks, type NewTask, type TaskFilter } from '../../../stores/incident-tasks.ts';
import type { Transaction } from '../../../stores/sql.ts';
import type { ApiDeps } from '../../deps.ts';
import { invalidField, notFound } from '../../errors.ts';
import { agentOfKey } from '../../incidents/agent.ts';
import { readIncidentIoPage } from '../paging.ts';
import { incidentIoSurface } from '../surface.ts';
import { assigneeIdOf, type GivenAssignee } from './assignee.ts';

const common = { tag: 'incident.io actions and follow-ups', auth: 'key', surface: incidentIoSurface } as const;
export const reading = { ...common, role: 'query', permission: 'view_data' } as const;
export const writing = { ...common, role: 'command', permission: 'edit_incidents' } as const;

const unknownIncident: FieldError = { field: 'incident_id', message: 'is not an incident of this organisation' };

/** What actions and follow-ups have in common, for whoever has the key. */
export function createTasks({ tasks, users }: Pick<ApiDeps['stores'], 'tasks' | 'users'>) {
  return {
    /** Whom a new task is given to. Throws `Refusal` with all that it names and that there is not. */
    async assigneeOfNew(key: ApiKey, given: GivenAssignee & { incident_id: string }): Promise<string | null> {
      const [assigneeId, isKnown] = await Promise.all([
        assigneeIdOf(users, key.organisationId, given),
        tasks.hasIncident(key.organisationId, viewerOf(key), given.incident_id),
      ]);
      const faults = [...(isKnown ? [] : [unknownIncident]), ...(isFault(assigneeId) ? [assigneeId] : [])];
      if (faults.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', faults);
      return isFault(assigneeId) ? null : (assigneeId ?? null);
    },

    /** Whom a task is given to from now on; undefined: as before. */
    async assigneeOfChanged(key: ApiKey, given: GivenAssignee): Promise<string | null | undefined> {
      const assigneeId = await assigneeIdOf(users, key.organisationId, given);
      if (isFault(assigneeId)) throw new Refusal('invalid_fields', 'Some fields are invalid.', [assigneeId]);
      return assigneeId;
    },

    async one(key: ApiKey, kinds: readonly TaskKind[], id: string): Promise<Task> {
      const found = await tasks.get(key.organisationId, viewerOf(key), kinds, id);
      if (!found) throw notFound();
      return found;
    },

    page: (key: ApiKey, filter: TaskFilter, query: { page_size: number; after?: string | undefined }) =>
      readIncidentIoPage(query, (limit, after) =>
        tasks.list(key.organisationId, viewerOf(key), filter, { limit, after }),
      ),

    async create(key: ApiKey, task: NewTask, tx: Transaction): Promise<Task> {
      const created = await tasks.create(key.organisationId, viewerOf(key), task, agentOfKey(key), tx);
      if (created === 'unknown_incident') throw invalidField(unknownIncident.field, unknownIncident.message);
      if (created === 'limit_reached')
        throw new Refusal('limit_reached', `An incident has at most ${mostTasks} actions and follow-ups.`);
      return created;
    },

    async change(key: ApiKey, kind: TaskKind, id: string, change: TaskChange, tx: Transaction): Promise<Task> {
      const wanted = { kind, id };
      const changed = await tasks.change(key.organisationId, viewerOf(key), wanted, change, agentOfKey(key), tx);
      if (!changed) throw notFound();
      return changed;
    },
  };
}

function isFault(assigneeId: string | null | undefined | FieldError): assigneeId is FieldError {
  return typeof assigneeId === 'object' && assigneeId !== null;
}
