import { v7 as uuid } from 'uuid';
import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import type { IncidentState } from '../domain/incident/incident.ts';
import { openIncident } from '../domain/incident/open-incident.ts';
import { urgencyAt, urgencyChangesAfter } from '../on-call/support-hours.ts';
import type { Plan, Standing } from './claim-plans.ts';
import type { Acknowledged, Cleared, Occurrences } from './claims.ts';
import type { Match, Opener } from './decisions.ts';
import { insertIncidents, type NewIncident, nextIncidentNumbers } from './incidents.ts';
import { takePolicies } from './policy-turns.ts';
import type { Transaction } from './sql.ts';

/** A week or two of support hours; an incident that is open for longer asks for more. */
const firstUrgencyChanges = 20;

/** Inserts the incidents whose keys were claimed; answers what their workflows start from. */
export async function insertOpened(
  tx: Transaction,
  claimed: Map<Plan, string>,
  openedAt: string,
): Promise<IncidentState[]> {
  const states: IncidentState[] = [];
  const plans = [...claimed.keys()];
  // Plans are sorted by organisation, so counters, and policies after those, are locked in the same order by everybody.
  for (const organisationId of new Set(plans.map(({ group }) => group.organisationId))) {
    const own = plans.filter(({ group }) => group.organisationId === organisationId);
    const first = await nextIncidentNumbers(tx, organisationId, own.length);
    const policyIds = own.map(({ holding }) => holding[0]!.opener.escalationPolicyId);
    const policies = await takePolicies(tx, organisationId, policyIds);
    const incidents = own.map((plan, index) =>
      newIncident(plan, { incidentId: claimed.get(plan)!, number: first + index, policy: policies[index]! }, openedAt),
    );
    await insertIncidents(tx, organisationId, incidents);
    states.push(...incidents.map(({ state }) => state));
  }
  return states;
}

/** What an incident is given in the transaction that opens it. */
interface Given {
  incidentId: string;
  number: number;
  policy: PolicySnapshot | null;
}

function newIncident({ group, holding }: Plan, given: Given, openedAt: string): NewIncident {
  const first = holding[0]!;
  const { opener } = first;
  const { name, description, check } = first.readOpening();
  return {
    state: stateOf(opener, name, given, openedAt),
    description,
    incidentKey: group.incidentKey,
    rulesetId: opener.type === 'ruleset' ? opener.id : null,
    rulesetVersion: opener.version,
    webhookId: first.webhook.id,
    eventId: first.eventId,
    dedupKey: first.dedupKey,
    severity: opener.severity,
    priority: opener.priority,
    supportHours: opener.supportHours,
    check,
    occurrences: holding.length,
    lastOccurrenceAt: lastOf(holding).receivedAt,
  };
}

function stateOf(
  opener: Opener,
  name: string,
  { incidentId, number, policy }: Given,
  createdAt: string,
): IncidentState {
  const assignees = opener.assignees.length > 0 ? opener.assignees : [{ type: 'team' as const, id: opener.teamId }];
  return openIncident(
    {
      organisationId: opener.organisationId,
      incidentId,
      number,
      teamId: opener.teamId,
      name,
      ...urgenciesOf(opener, createdAt),
      createdAt,
      acknowledgementTimeout: opener.acknowledgementTimeout,
      autoResolveTimeout: opener.autoResolveTimeout,
      quietResolveTimeout: opener.quietResolve,
      escalationPolicy: policy,
      openedBy: { type: opener.type, id: opener.id, name: opener.name },
      openedThrough: 'event',
      openingActions: opener.actions.map(({ definitionId, type, subscriptionId }) => {
        return { id: uuid(), type, trigger: 'automated', subscriptionId, definitionId };
      }),
    },
    assignees,
  );
}

/** The urgency to begin with, and what support hours will make of it. */
function urgenciesOf({ urgency, supportHours }: Opener, createdAt: string) {
  if (supportHours === null) return { urgency };
  const at = Date.parse(createdAt);
  return {
    urgency: urgencyAt(supportHours, at),
    urgencyChanges: urgencyChangesAfter(supportHours, at, firstUrgencyChanges),
  };
}

/** Counts what joins incidents that are open; their rows are locked. */
export async function joinIncidents(tx: Transaction, plans: Plan[]): Promise<Occurrences[]> {
  const joining = plans.filter(({ standing, holding }) => standing?.open && holding.length > 0);
  if (joining.length === 0) return [];
  return [
    ...(await tx<Occurrences[]>`
      UPDATE incidents i SET
        occurrences = i.occurrences + g.count, last_occurrence_at = greatest(i.last_occurrence_at, g.last_at)
      FROM (
        SELECT id, sum(count)::integer AS count, max(last_at) AS last_at FROM unnest(
          ${joining.map(({ standing }) => standing!.open!.id)}::uuid[],
          ${joining.map(({ holding }) => holding.length)}::integer[],
          ${joining.map(({ holding }) => lastOf(holding).receivedAt)}::timestamptz[]
        ) AS joining (id, count, last_at)
        GROUP BY id
      ) AS g
      WHERE i.id = g.id
      RETURNING i.id AS incident_id, i.occurrences AS count, i.last_occurrence_at AS last_at, i.workflow_started`),
  ];
}

/**
 * Marks incidents that their sender acknowledged, so that their workflows are told whatever happens after the commit.
 * Those that are acknowledged already stay as they are.
 */
export async function acknowledgeIncidents(
  tx: Transaction,
  standings: Standing[],
  idOf: (standing: Standing) => string,
): Promise<Acknowledged[]> {
  const acknowledged = standings.flatMap((standing): Acknowledged[] => {
    const [first] = standing.acknowledgedBy;
    if (!first || standing.open?.status === 'acknowledged') return [];
    const { eventId, webhook } = first;
    return [{ incidentId: idOf(standing), eventId, webhook }];
  });
  if (acknowledged.length > 0)
    await tx`
      UPDATE incidents i SET acknowledging_event_id = g.event_id, acknowledging_since = now()
      FROM unnest(
        ${acknowledged.map(({ incidentId }) => incidentId)}::uuid[], ${acknowledged.map(({ eventId }) => eventId)}::uuid[]
      ) AS g (id, event_id)
      WHERE i.id = g.id`;
  return acknowledged;
}

/** Marks incidents whose problem is over, so that their workflows are told of it whatever happens after the commit. */
export async function clearIncidents(
  tx: Transaction,
  standings: Standing[],
  idOf: (standing: Standing) => string,
): Promise<Cleared[]> {
  const cleared = standings.flatMap((standing): Cleared[] => {
    const { endedBy } = standing;
    if (!endedBy) return [];
    const { type, id, name } = 'opener' in endedBy ? endedBy.opener : { type: 'webhook' as const, ...endedBy.webhook };
    return [{ incidentId: idOf(standing), eventId: endedBy.eventId, by: { type, id, name } }];
  });
  if (cleared.length > 0)
    await tx`
      UPDATE incidents i SET clearing_event_id = g.event_id, clearing_since = now()
      FROM unnest(
        ${cleared.map(({ incidentId }) => incidentId)}::uuid[], ${cleared.map(({ eventId }) => eventId)}::uuid[]
      ) AS g (id, event_id)
      WHERE i.id = g.id`;
  return cleared;
}

function lastOf(matches: Match[]): Match {
  return matches.at(-1)!;
}
