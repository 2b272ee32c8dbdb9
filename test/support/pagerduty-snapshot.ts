import type { Agent, TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import type { Deed } from '../../src/domain/incident/trail.ts';

/** The people of PagerDuty's own samples. */
export const laura = { id: '0199aaaa-0000-7000-8000-0000000000a1', name: 'Laura Haley', email: 'laura@example.com' };
export const wiley = { id: '0199aaaa-0000-7000-8000-0000000000a2', name: 'Wiley Jacobson', email: 'wiley@example.com' };
export const nina = { id: '0199aaaa-0000-7000-8000-0000000000a3', name: 'Nina Gulgowski', email: 'nina@example.com' };

export const teamId = '0199aaaa-0000-7000-8000-000000000007';
export const serviceId = '0199aaaa-0000-7000-8000-000000000003';
export const incidentId = '0199aaaa-0000-7000-8000-000000000001';
const policy = { id: '0199aaaa-0000-7000-8000-000000000005', name: 'Default' };

export function memberAgent({ id, name }: { id: string; name: string }): Agent {
  return { type: 'member', id, name };
}

const opened: Deed = { at: '2017-09-26T15:14:36.120Z', agent: memberAgent(laura), channel: 'api' };
const statuses: Partial<Record<TransitionType, IncidentSnapshot['incident']['status']>> = {
  acknowledged: 'acknowledged',
  snoozed: 'acknowledged',
  resolved: 'resolved',
};

export interface SnapshotChanges {
  incident?: Partial<IncidentSnapshot['incident']>;
  transition?: Partial<IncidentSnapshot['transition']>;
  service?: Partial<IncidentSnapshot['service']>;
  people?: IncidentSnapshot['people'];
  webhook?: null;
}

/** An incident that Laura reported by hand and that has everything an incident can have, right after a transition of hers. */
export function pagerdutySnapshot(type: TransitionType, changes: SnapshotChanges = {}): IncidentSnapshot {
  const at = type === 'triggered' ? opened.at : '2017-09-26T15:18:09.990Z';
  const deed: Deed = { at, agent: memberAgent(laura), channel: 'api' };
  const status = statuses[type] ?? 'triggered';
  return {
    incident: {
      id: incidentId,
      number: 33,
      name: 'My new incident',
      description: 'Oh my gosh',
      status,
      urgency: 'medium',
      severity: 'SEV1',
      priority: 'P1',
      visibility: 'public',
      assignees: [{ type: 'team', id: teamId }],
      assigned: [wiley.id],
      incidentKey: 'c24117fc42e44b44b4d6876190583378',
      eventId: null,
      occurrences: 2,
      createdAt: opened.at,
      acknowledgedAt: status === 'triggered' ? null : '2017-09-26T15:15:17.001Z',
      resolvedAt: status === 'resolved' ? at : null,
      resolution: null,
      rootCause: null,
      pendingActions:
        status === 'resolved'
          ? []
          : [
              { type: 'escalate', at: '2017-09-26T15:44:36.120Z', generation: 1 },
              { type: 'quiet_resolve', at: '2017-09-26T18:14:36.120Z', generation: 1 },
              { type: 'resolve', at: '2017-09-26T19:14:36.120Z', generation: 1 },
              { type: 'urgency_change', at: '2017-09-26T20:00:00.000Z', generation: 1, to: 'medium' },
            ],
      escalationPolicy: policy,
      escalation: { level: 1, cycle: 0, exhausted: false },
      responders: [{ memberId: nina.id, state: 'pending' }],
      conferenceBridge: { number: '+1 1234123412,,987654321#', url: 'https://example.com' },
      mergedInto: null,
      acknowledgementTimeout: 1_800,
      trail: {
        opened,
        assignedAt: '2017-09-26T15:16:05.500Z',
        acknowledgements: status === 'acknowledged' ? [deed] : [],
        lastStatusChange: status === 'triggered' ? opened : deed,
        escalations: 4,
      },
      ...changes.incident,
    },
    organisation: { id: '0199aaaa-0000-7000-8000-000000000002', name: 'Acme' },
    team: { id: teamId, number: 7, name: 'Engineering' },
    service: {
      type: 'ruleset',
      id: serviceId,
      number: 3,
      name: 'Production XDB Cluster',
      description: 'Primary production datastore.',
      createdAt: '2017-07-05T17:33:09.800+00:00',
      acknowledgementTimeout: 1_800,
      autoResolveTimeout: 14_400,
      urgency: 'high',
      supportHours: null,
      escalationPolicy: policy,
      status,
      lastIncidentAt: '2017-09-26T15:14:36.12+00:00',
      ...changes.service,
    },
    webhook:
      changes.webhook === null
        ? null
        : {
            id: '0199aaaa-0000-7000-8000-000000000042',
            number: 42,
            name: 'Production API',
            monitorUrl: null,
            monitorMethod: null,
          },
    check: null,
    people: changes.people ?? [laura, wiley, nina],
    transition: {
      id: type === 'triggered' ? 'trigger' : '0199aaaa-0000-7000-8000-0000000000cc',
      type,
      sequence: type === 'triggered' ? 1 : 4,
      ...deed,
      details: detailsOf(type),
      action: null,
      previousStatus: type === 'triggered' ? null : status === 'triggered' ? 'acknowledged' : 'triggered',
      ...changes.transition,
    },
  };
}

/** A change of the incident is told where it names assignees. */
function detailsOf(type: TransitionType): Record<string, unknown> {
  return type === 'updated' ? { assignees: [{ type: 'member', id: laura.id }], changed: ['assignees'] } : {};
}

/** The same facts as an early release stored them: only what it knew of. */
export function earlySnapshot(type: TransitionType): IncidentSnapshot {
  const { incident, organisation, team, service, webhook, check, transition } = pagerdutySnapshot(type);
  const { id, number, name, description, status, urgency, assignees, incidentKey, occurrences } = incident;
  const { createdAt, acknowledgedAt, resolvedAt, resolution, rootCause, pendingActions } = incident;
  return {
    incident: {
      ...{ id, number, name, description, status, urgency, assignees, incidentKey, occurrences },
      ...{ createdAt, acknowledgedAt, resolvedAt, resolution, rootCause, pendingActions },
    },
    organisation,
    team,
    service: { type: service.type, id: service.id, number: service.number, name: service.name },
    webhook,
    check,
    transition: {
      id: transition.id,
      type,
      at: transition.at,
      agent: transition.agent,
      channel: transition.channel,
      ...(type === 'updated' ? { details: detailsOf(type) } : {}),
      action: null,
    },
  };
}

const long = '\u0001"é🔔'.repeat(20_000);
const many = <Value>(make: (index: number) => Value) => Array.from({ length: 50 }, (_, index) => make(index));

/** As much of everything as anybody could have given, in characters that take the most room. */
export function hugeSnapshot(type: TransitionType): IncidentSnapshot {
  const people = many((index) => ({
    id: `${laura.id.slice(0, -2)}${10 + index}`,
    name: long,
    email: `${index}@example.com`,
  }));
  const snapshot = pagerdutySnapshot(type, {
    people,
    incident: {
      name: long,
      description: long,
      incidentKey: long,
      priority: long,
      resolution: long,
      assigned: people.map(({ id }) => id),
      assignees: people.map(({ id }) => ({ type: 'member', id })),
      responders: people.map(({ id }) => ({ memberId: id, state: 'pending' })),
      escalationPolicy: { id: policy.id, name: long },
      conferenceBridge: { number: '\u0001'.repeat(100), url: `https://example.com/${'ü'.repeat(2_000)}` },
      mergedInto: { id: serviceId, number: 2, name: long },
    },
    service: { name: long, description: long, escalationPolicy: { id: policy.id, name: long } },
    transition: {
      details: {
        ...detailsOf(type),
        content: long,
        message: long,
        resolution: long,
        member_ids: people.map(({ id }) => id),
        member_id: people[0]!.id,
      },
    },
  });
  return {
    ...snapshot,
    team: { ...snapshot.team, name: long },
    webhook: { ...snapshot.webhook!, name: long },
    transition: { ...snapshot.transition, agent: { ...snapshot.transition.agent, name: long } },
  };
}
