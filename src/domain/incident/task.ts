import type { Agent } from './log-entry.ts';

/** incident.io's two: what is to be done while an incident lasts, and what is to be done about it afterwards. */
export const taskKinds = ['action', 'follow_up'] as const;
export type TaskKind = (typeof taskKinds)[number];

export const taskStatuses = ['outstanding', 'completed', 'not_doing', 'deleted'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** What somebody is to do for an incident. Times are ISO 8601 in UTC. */
export interface Task {
  id: string;
  incidentId: string;
  kind: TaskKind;
  /** Of follow-ups; an action has none, and is its description. */
  title: string;
  description: string;
  status: TaskStatus;
  /** Of follow-ups, in the words of the organisation. */
  priority: string | null;
  labels: string[];
  /** Also somebody who is gone since: then without an address. */
  assignee: TaskPerson | null;
  creator: Agent;
  /** Of a creator who is a member. */
  creatorEmail: string | null;
  createdAt: string;
  updatedAt: string;
  /** Null unless the status is `completed`. */
  completedAt: string | null;
}

export interface TaskPerson {
  id: string;
  name: string;
  email: string | null;
}

/** What stays undefined stays as it is. */
export interface TaskChange {
  title?: string | undefined;
  description?: string | undefined;
  status?: TaskStatus | undefined;
  priority?: string | null | undefined;
  labels?: string[] | undefined;
  /** Null: nobody. */
  assigneeId?: string | null | undefined;
}
