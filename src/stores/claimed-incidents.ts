import { v7 as uuid } from 'uuid';
import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import type { IncidentState } from '../domain/incident/incident.ts';
import { openIncident } from '../domain/incident/open-incident.ts';
import type { FiringRuleset } from '../domain/ruleset/ruleset.ts';
import { urgencyAt, urgencyChangesAfter } from '../on-call/support-hours.ts';
import type { Cleared, Match, Occurrences, Plan } from './claims.ts';
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
    const policyIds = own.map(({ holding }) => holding[0]!.ruleset.escalationPolicyId);
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
  const opener = holding[0]!;
  const { ruleset } = opener;
  const { name, description, check } = opener.readOpening();
  return {
    state: stateOf(ruleset, name, given, openedAt),
    description,
    incidentKey: group.incidentKey,
    rulesetId: ruleset.id,
    rulesetVersion: ruleset.version,
    webhookId: opener.webhookId,
    eventId: opener.eventId,
    severity: ruleset.severity,
    priority: ruleset.priority,
    supportHours: ruleset.supportHours,
    check,
    occurrences: holding.length,
    lastOccurrenceAt: lastOf(holding).receivedAt,
  };
}

function stateOf(
  ruleset: FiringRuleset,
  name: string,
  { incidentId, number, policy }: Given,
  createdAt: string,
): IncidentState {
  const assignees = ruleset.assignees.length > 0 ? ruleset.assignees : [{ type: 'team' as const, id: ruleset.teamId }];
  return openIncident(
    {
      organisationId: ruleset.organisationId,
      incidentId,
      number,
      teamId: ruleset.teamId,
      name,
      ...urgenciesOf(ruleset, createdAt),
      createdAt,
      acknowledgementTimeout: ruleset.acknowledgementTimeout,
      autoResolveTimeout: ruleset.autoResolveTimeout,
      quietResolveTimeout: ruleset.quietResolve,
      escalationPolicy: policy,
      openedBy: { type: 'ruleset', id: ruleset.id, name: ruleset.name },
      openedThrough: 'event',
      openingActions: ruleset.actions.map(({ definitionId, type, subscriptionId }) => {
        return { id: uuid(), type, trigger: 'automated', subscriptionId, definitionId };
      }),
    },
    assignees,
  );
}

/** The urgency to begin with, and what support hours will make of it. */
function urgenciesOf({ urgency, supportHours }: FiringRuleset, createdAt: string) {
  if (supportHours === null) return { urgency };
  const at = Date.parse(createdAt);
  return {
    urgency: urgencyAt(supportHours, at),
    urgencyChanges: urgencyChangesAfter(supportHours, at, firstUrgencyChanges),
  };
}

/** Counts what joins incidents that are open; their rows are locked. */
export async function joinIncidents(tx: Transaction, plans: Plan[]): Promise<Occurrences[]> {
  const joining = plans.filter(({ open, holding }) => open && holding.length > 0);
  if (joining.length === 0) return [];
  return [
    ...(await tx<Occurrences[]>`
      UPDATE incidents i SET
        occurrences = i.occurrences + g.count, last_occurrence_at = greatest(i.last_occurrence_at, g.last_at)
      FROM unnest(
        ${joining.map(({ open }) => open!.id)}::uuid[], ${joining.map(({ holding }) => holding.length)}::integer[],
        ${joining.map(({ holding }) => lastOf(holding).receivedAt)}::timestamptz[]
      ) AS g (id, count, last_at)
      WHERE i.id = g.id
      RETURNING i.id AS incident_id, i.occurrences AS count, i.last_occurrence_at AS last_at, i.workflow_started`),
  ];
}

/** Marks incidents whose problem is over, so that their workflows are told of it whatever happens after the commit. */
export async function clearIncidents(tx: Transaction, plans: Plan[], claimed: Map<Plan, string>): Promise<Cleared[]> {
  const cleared = plans.flatMap((plan): Cleared[] => {
    const incidentId = plan.open?.id ?? claimed.get(plan);
    if (!plan.cleared || incidentId === undefined) return [];
    const { eventId, ruleset } = plan.cleared;
    return [{ incidentId, eventId, ruleset: { id: ruleset.id, name: ruleset.name } }];
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
