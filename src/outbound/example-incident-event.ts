import type { IncidentEventName, IncidentEventSnapshot } from '../domain/webhook/incident-event.ts';
import type { Visibility } from '../domain/incident/snapshot.ts';
import type { Task } from '../domain/incident/task.ts';
import { castOf, exampleNumber, type ExampleSetting } from './example-cast.ts';
import { exampleName } from './example-story.ts';

/** Something that happened to an incident besides its transitions. */
export function exampleIncidentEvent(
  { incident: name, visibility = 'public' }: { incident: IncidentEventName; visibility?: Visibility },
  setting: ExampleSetting,
): IncidentEventSnapshot {
  const { member, responder, agents, incidentId } = castOf(setting);
  const about = {
    at: setting.now,
    agent: agents.member,
    organisation: setting.organisation,
    incident: { id: incidentId, number: exampleNumber, name: exampleName, visibility },
  };
  const task = { ...exampleTask(setting), incidentId };
  switch (name) {
    case 'membership_granted':
      return { kind: 'membership', change: 'granted', member: { id: responder.id, name: responder.name }, ...about };
    case 'membership_revoked':
      return { kind: 'membership', change: 'revoked', member: { id: member.id, name: member.name }, ...about };
    case 'action_created':
      return { kind: 'action', change: 'created', task: { ...task, kind: 'action', title: '' }, ...about };
    case 'action_updated':
      return { kind: 'action', change: 'updated', task: done({ ...task, kind: 'action', title: '' }), ...about };
    case 'follow_up_created':
      return { kind: 'follow_up', change: 'created', task, ...about };
    case 'follow_up_updated':
      return { kind: 'follow_up', change: 'updated', task: done(task), ...about };
  }
}

function exampleTask(setting: ExampleSetting): Task {
  const { member, responder, agents, taskId } = castOf(setting);
  return {
    id: taskId,
    incidentId: '',
    kind: 'follow_up',
    title: 'Example: add an alert',
    description: 'Example: nobody was told that the pool of connections was full.',
    status: 'outstanding',
    priority: 'High',
    labels: ['example'],
    assignee: responder,
    creator: agents.member,
    creatorEmail: member.email,
    createdAt: setting.now,
    updatedAt: setting.now,
    completedAt: null,
  };
}

function done(task: Task): Task {
  return { ...task, status: 'completed', completedAt: task.updatedAt };
}
