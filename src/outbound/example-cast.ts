import { createHash } from 'node:crypto';
import type { Assignee, Status } from '../domain/incident/incident.ts';
import type { Agent } from '../domain/incident/log-entry.ts';
import type {
  IncidentSnapshot,
  Person,
  SnapshotCustomField,
  SnapshotRoleAssignment,
  SnapshotService,
  SnapshotSeverity,
  SnapshotStatus,
  SnapshotTeam,
  SnapshotType,
} from '../domain/incident/snapshot.ts';

/** For whom an example is made up, and when (ISO 8601). Nothing else goes into it: asked twice, it is the same. */
export interface ExampleSetting {
  organisation: { id: string; name: string };
  team: SnapshotTeam;
  now: string;
}

/** Whom and what examples tell of. Only the team exists. */
export type ExampleCast = ReturnType<typeof castOf>;

/** Far above what is counted, so that receivers mistake it for no other. */
export const exampleNumber = 999_999;

export function castOf(setting: ExampleSetting) {
  const { team, now } = setting;
  const idOf = (thing: string) => idFrom(setting, thing);
  const member: Person = { id: idOf('member'), name: 'Example: Ada', email: 'ada@example.com' };
  const responder: Person = { id: idOf('responder'), name: 'Example: Alan', email: 'alan@example.com' };
  const policy = { id: idOf('escalation policy'), name: 'Example: whoever is on call' };
  const assignees: Assignee[] = [{ type: 'team', id: team.id }];
  const service: SnapshotService = {
    type: 'ruleset',
    id: idOf('ruleset'),
    number: exampleNumber,
    name: 'Example: checkout',
    description: 'Example: errors of the checkout.',
    createdAt: minutesFrom(now, -60 * 24 * 30),
    acknowledgementTimeout: 1_800,
    autoResolveTimeout: 14_400,
    urgency: 'high',
    supportHours: null,
    escalationPolicy: policy,
    status: 'triggered',
    lastIncidentAt: minutesFrom(now, -30),
  };
  const webhook: NonNullable<IncidentSnapshot['webhook']> = {
    id: idOf('webhook'),
    number: exampleNumber,
    name: 'Example: checkout probes',
    monitorUrl: 'https://checkout.example.com/health',
    monitorMethod: 'GET',
  };
  const agents = {
    member: { type: 'member', id: member.id, name: member.name },
    ruleset: { type: 'ruleset', id: service.id, name: service.name },
    timer: { type: 'timer', id: null, name: 'escalation' },
  } satisfies Record<string, Agent>;
  const dated = { createdAt: minutesFrom(now, -60 * 24 * 30), updatedAt: minutesFrom(now, -60 * 24 * 30) };
  const status = (name: string, category: string, rank: number): SnapshotStatus => {
    return {
      id: idOf(`status ${category}`),
      name: `Example: ${name}`,
      category,
      description: 'Example: a status.',
      rank,
      ...dated,
    };
  };
  const statuses: Record<Status, SnapshotStatus> = {
    triggered: status('Triage', 'triage', 1),
    acknowledged: status('Investigating', 'live', 2),
    resolved: status('Closed', 'closed', 3),
  };
  const severity: SnapshotSeverity = {
    ...{
      id: idOf('severity'),
      name: 'Example: Critical',
      description: 'Example: everybody is affected.',
      rank: 3,
      level: 3,
      levels: 3,
    },
    ...dated,
  };
  const incidentType: SnapshotType = {
    ...{ id: idOf('incident type'), name: 'Example: Outage', description: '', isDefault: true },
    ...{ privateIncidentsOnly: false, createInTriage: 'optional' },
    ...dated,
  };
  const customField: SnapshotCustomField = {
    ...{ id: idOf('custom field'), name: 'Example: affected region', description: '', fieldType: 'text' },
    values: ['Example: Europe'],
  };
  const lead: Omit<SnapshotRoleAssignment, 'memberId'> = {
    ...{ id: idOf('role'), name: 'Example: Incident Lead', description: '', instructions: '', shortform: 'lead' },
    ...{ roleType: 'lead', required: false },
    ...dated,
  };
  return {
    statuses,
    severity,
    incidentType,
    customField,
    lead,
    member,
    responder,
    agents,
    policy,
    assignees,
    service,
    webhook,
    subscription: { id: idOf('subscription'), name: 'Example: chat bot' },
    bridge: { number: '+1 555 0100', url: 'https://meet.example.com/checkout' },
    incidentId: idOf('incident'),
    taskId: idOf('task'),
    eventId: idOf('event'),
    mergedIncidentId: idOf('merged incident'),
    actionId: idOf('action'),
    now,
    /** When it resolves itself. */
    later: minutesFrom(now, 210),
  };
}

export function minutesFrom(iso: string, minutes: number): string {
  return new Date(Date.parse(iso) + minutes * 60_000).toISOString();
}

/** A UUID of version 8: no table has one. */
function idFrom({ organisation, now }: ExampleSetting, thing: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([organisation.id, now, thing]))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
