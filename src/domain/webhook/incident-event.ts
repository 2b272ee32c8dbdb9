import type { Agent } from '../incident/log-entry.ts';
import type { Visibility } from '../incident/snapshot.ts';
import type { Task, TaskKind } from '../incident/task.ts';

/** What happens to an incident besides its transitions. A new kind is a variant of this; dialects name it by `nameOfEvent`. */
export type IncidentEvent = MembershipChange | TaskEvent;

/** A member may see a private incident from now on, or no longer. */
export interface MembershipChange {
  kind: 'membership';
  change: 'granted' | 'revoked';
  member: { id: string; name: string };
}

/** An action or a follow-up, as it was right after it. */
export interface TaskEvent {
  kind: TaskKind;
  change: 'created' | 'updated';
  task: Task;
}

/** Such an event, with its incident as that was then. */
export type IncidentEventSnapshot = IncidentEvent & {
  /** ISO 8601. */
  at: string;
  agent: Agent;
  organisation: { id: string; name: string };
  incident: { id: string; number: number; name: string; visibility: Visibility };
};

/** Kind and change in one: `membership_granted`. */
export type IncidentEventName = NameOf<IncidentEvent>;
type NameOf<Event> = Event extends { kind: infer Kind extends string; change: infer Change extends string }
  ? `${Kind}_${Change}`
  : never;

export function nameOfEvent({ kind, change }: IncidentEvent): IncidentEventName {
  // Of each kind only its own changes.
  return `${kind}_${change}` as IncidentEventName;
}
