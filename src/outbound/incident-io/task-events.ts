import type { IncidentEventSnapshot, TaskEvent } from '../../domain/webhook/incident-event.ts';
import type { EventSource } from '../dialect.ts';
import type { Bounds } from '../fitting.ts';
import { actionV1Of, followUpV2Of } from './task.ts';
import { ulidOf } from './ulid.ts';

/** incident.io tells of follow-ups in two versions, and whoever asks for both gets both. */
export const taskEvents = {
  'public_incident.action_created_v1': { incident: 'action_created', visibility: 'public' },
  'public_incident.action_updated_v1': { incident: 'action_updated', visibility: 'public' },
  'public_incident.follow_up_created_v1': { incident: 'follow_up_created', visibility: 'public' },
  'public_incident.follow_up_updated_v1': { incident: 'follow_up_updated', visibility: 'public' },
  'public_incident.follow_up_created_v2': { incident: 'follow_up_created', visibility: 'public' },
  'public_incident.follow_up_updated_v2': { incident: 'follow_up_updated', visibility: 'public' },
  'private_incident.action_created_v1': { incident: 'action_created', visibility: 'private' },
  'private_incident.action_updated_v1': { incident: 'action_updated', visibility: 'private' },
  'private_incident.follow_up_created_v1': { incident: 'follow_up_created', visibility: 'private' },
  'private_incident.follow_up_updated_v1': { incident: 'follow_up_updated', visibility: 'private' },
  'private_incident.follow_up_created_v2': { incident: 'follow_up_created', visibility: 'private' },
  'private_incident.follow_up_updated_v2': { incident: 'follow_up_updated', visibility: 'private' },
} as const satisfies Record<string, EventSource>;

/** Version 1 knows follow-ups as actions that are marked. Of a private incident's task the id alone is told. */
export function taskContentOf(event: string, snapshot: IncidentEventSnapshot & TaskEvent, bounds: Bounds) {
  const { task, organisation } = snapshot;
  if (event.startsWith('private_incident.')) return { id: ulidOf(task.id) };
  return event.endsWith('_v2') ? followUpV2Of(task, organisation.id, bounds) : actionV1Of(task, bounds);
}
