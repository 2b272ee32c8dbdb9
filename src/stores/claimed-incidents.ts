import { v7 as uuid } from 'uuid';
import type { IncidentState } from '../domain/incident/incident.ts';
import { openIncident } from '../domain/incident/transition.ts';
import type { FiringRuleset } from '../domain/ruleset/ruleset.ts';
import type { Cleared, Match, Occurrences, Plan } from './claims.ts';
import { insertIncidents, type NewIncident, nextIncidentNumbers } from './incidents.ts';
import type { Transaction } from './sql.ts';

/** Inserts the incidents whose keys were claimed; answers what their workflows start from. */
export async function insertOpened(
  tx: Transaction,
  claimed: Map<Plan, string>,
  openedAt: string,
): Promise<IncidentState[]> {
  const states: IncidentState[] = [];
  const plans = [...claimed.keys()];
  // Plans are sorted by organisation, so counters are locked in the same order by everybody.
  for (const organisationId of new Set(plans.map(({ group }) => group.organisationId))) {
    const own = plans.filter(({ group }) => group.organisationId === organisationId);
    const first = await nextIncidentNumbers(tx, organisationId, own.length);
    const incidents = own.map((plan, index) => newIncident(plan, claimed.get(plan)!, first + index, openedAt));
    await insertIncidents(tx, organisationId, incidents);
    states.push(...incidents.map(({ state }) => state));
  }
  return states;
}

function newIncident({ group, holding }: Plan, incidentId: string, number: number, openedAt: string): NewIncident {
  const opener = holding[0]!;
  const { ruleset } = opener;
  const { name, description, check } = opener.readOpening();
  return {
    state: stateOf(ruleset, name, incidentId, number, openedAt),
    description,
    incidentKey: group.incidentKey,
    rulesetId: ruleset.id,
    rulesetVersion: ruleset.version,
    webhookId: opener.webhookId,
    eventId: opener.eventId,
    severity: ruleset.severity,
    priority: ruleset.priority,
    check,
    occurrences: holding.length,
    lastOccurrenceAt: lastOf(holding).receivedAt,
  };
}

function stateOf(ruleset: FiringRuleset, name: string, incidentId: string, number: number, createdAt: string) {
  const assignees = ruleset.assignees.length > 0 ? ruleset.assignees : [{ type: 'team' as const, id: ruleset.teamId }];
  return openIncident(
    {
      organisationId: ruleset.organisationId,
      incidentId,
      number,
      teamId: ruleset.teamId,
      name,
      urgency: ruleset.urgency,
      createdAt,
      acknowledgementTimeout: ruleset.acknowledgementTimeout,
      autoResolveTimeout: ruleset.autoResolveTimeout,
      quietResolveTimeout: ruleset.quietResolve,
      openedBy: { type: 'ruleset', id: ruleset.id, name: ruleset.name },
      openedThrough: 'event',
      openingActions: ruleset.actions.map(({ definitionId, type, subscriptionId }) => {
        return { id: uuid(), type, trigger: 'automated', subscriptionId, definitionId };
      }),
    },
    assignees,
  );
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
