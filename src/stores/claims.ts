import { v7 as uuid } from 'uuid';
import type { IncidentState } from '../domain/incident/incident.ts';
import type { CheckResult } from '../domain/incident/snapshot.ts';
import type { FiringRuleset } from '../domain/ruleset/ruleset.ts';
import { clearIncidents, insertOpened, joinIncidents } from './claimed-incidents.ts';
import { type MatchLine, insertMatchLines } from './event-matches.ts';
import type { Transaction } from './sql.ts';

/** An occurrence on which a ruleset decided. */
export interface Match {
  eventId: string;
  /** Counted from 0 within the event. */
  occurrence: number;
  webhookId: string;
  receivedAt: string;
  ruleset: FiringRuleset;
  incidentKey: string;
  /** False: the conditions of a state-change ruleset do not hold, which resolves what they opened. */
  holds: boolean;
  /** Read only when the match opens an incident. */
  readOpening(): { name: string; description: string; check: CheckResult };
}

/** How often an incident's problem was reported, as its row says. */
export interface Occurrences {
  incidentId: string;
  count: number;
  lastAt: string;
  /** False: whoever starts the workflow tells it. */
  workflowStarted: boolean;
}

/** An incident whose workflow is to resolve it, and the event that cleared its problem. */
export interface Cleared {
  incidentId: string;
  eventId: string;
  ruleset: { id: string; name: string };
}

export interface Recorded {
  opened: IncidentState[];
  joined: Occurrences[];
  cleared: Cleared[];
  /** Events that have to be evaluated again once an incident, which they would join or open anew, is resolved. */
  deferred: string[];
}

/** The matches of one incident key within one scope, oldest first. */
export interface Group {
  organisationId: string;
  scopeId: string;
  incidentKey: string;
  matches: Match[];
}

/** What the matches of a group do, once it is known whether an incident of theirs is open. */
export interface Plan {
  group: Group;
  /** The open incident that they join; undefined: the first of `holding` opens one. */
  open: OpenIncident | undefined;
  holding: Match[];
  cleared: Match | undefined;
  deferred: Match[];
}

export interface OpenIncident {
  id: string;
  webhookId: string | null;
}

/** Another transaction opened an incident under one of the keys between two looks: roll back and record again. */
export class ClaimedMeanwhile extends Error {
  override readonly name = 'ClaimedMeanwhile';
}

/**
 * Seconds after which nobody waits for a cleared incident's workflow any more, as when an operator terminated it: its
 * key is free then.
 */
export const longestClearing = 10;

/**
 * Decides of each match whether it opens an incident, joins the open one of its key, or resolves it, and records that.
 * `matches` are oldest first and may belong to several organisations; `openedAt` is when new incidents begin (ISO 8601).
 * Throws `ClaimedMeanwhile`, after which the whole transaction must be repeated.
 *
 * Nobody deadlocks, because everybody locks incidents first, then claims, then counters, each in one sorted pass; so
 * does a resolve, which deletes the claim under the incident's lock. A match that waited for a resolve finds the key
 * free and opens anew.
 */
export async function recordMatches(tx: Transaction, matches: Match[], openedAt: string): Promise<Recorded> {
  const groups = groupByKey(matches);
  const found = await lockOpen(tx, groups);
  const plans = groups.map((group) => planOf(group, found.get(group)));
  const overdue = groups.filter((group) => found.get(group)?.clearing === 'overdue');
  if (overdue.length > 0) await release(tx, overdue);

  const claimed = await claim(
    tx,
    plans.filter(({ open, holding }) => !open && holding.length > 0),
  );
  const opened = await insertOpened(tx, claimed, openedAt);
  const joined = await joinIncidents(tx, plans);
  const cleared = await clearIncidents(tx, plans, claimed);
  await insertMatchLines(
    tx,
    plans.flatMap((plan) => linesOf(plan, claimed.get(plan))),
  );
  return { opened, joined, cleared, deferred: plans.flatMap((plan) => plan.deferred.map(({ eventId }) => eventId)) };
}

function groupByKey(matches: Match[]): Group[] {
  const groups = new Map<string, Group>();
  for (const match of matches) {
    const { organisationId, id: scopeId } = match.ruleset;
    const { incidentKey } = match;
    const name = `${organisationId} ${scopeId} ${incidentKey}`;
    const group = groups.get(name);
    if (group) group.matches.push(match);
    else groups.set(name, { organisationId, scopeId, incidentKey, matches: [match] });
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

interface FoundIncident extends OpenIncident {
  clearing: 'no' | 'under_way' | 'overdue';
}

/** Locks the incidents that are open under these keys. One that is resolved by the time its lock is had is not open. */
async function lockOpen(tx: Transaction, groups: Group[]): Promise<Map<Group, FoundIncident>> {
  const rows = await tx<(FoundIncident & { place: number })[]>`
    SELECT i.id, i.webhook_id, g.place::integer,
      CASE WHEN i.clearing_since IS NULL THEN 'no'
        WHEN i.clearing_since > now() - make_interval(secs => ${longestClearing}) THEN 'under_way' ELSE 'overdue' END AS clearing
    FROM ${unnested(tx, groups)}
    JOIN incident_claims c USING (organisation_id, scope_id, incident_key)
    JOIN incidents i ON i.organisation_id = c.organisation_id AND i.id = c.incident_id AND i.status <> 'resolved'
    ORDER BY i.id FOR NO KEY UPDATE OF i`;
  return new Map(rows.map(({ place, ...incident }) => [groups[place - 1]!, incident]));
}

/** Matches happen in turn; what comes after one that clears an incident waits until that is resolved. */
function planOf(group: Group, found: FoundIncident | undefined): Plan {
  const open = found?.clearing === 'no' ? found : undefined;
  const plan: Plan = { group, open, holding: [], cleared: undefined, deferred: [] };
  let clearing = found?.clearing === 'under_way';
  for (const match of group.matches) {
    if (clearing) plan.deferred.push(match);
    else if (match.holds) plan.holding.push(match);
    else {
      const opener = open ?? plan.holding[0];
      // Only what comes in by the same webhook says that it is over.
      if (opener?.webhookId !== match.webhookId) continue;
      plan.cleared = match;
      clearing = true;
    }
  }
  return plan;
}

/** Gives up the keys of incidents whose workflow should have resolved them long ago. */
async function release(tx: Transaction, groups: Group[]): Promise<void> {
  await tx`
    DELETE FROM incident_claims c USING ${unnested(tx, groups)}
    WHERE c.organisation_id = g.organisation_id AND c.scope_id = g.scope_id AND c.incident_key = g.incident_key`;
}

/** Claims keys for incidents to be, and answers their ids. */
async function claim(tx: Transaction, plans: Plan[]): Promise<Map<Plan, string>> {
  if (plans.length === 0) return new Map();
  const ids = plans.map(() => uuid());
  const groups = plans.map(({ group }) => group);
  const claimed = await tx`
    INSERT INTO incident_claims (organisation_id, scope_id, incident_key, incident_id)
    SELECT g.organisation_id, g.scope_id, g.incident_key, new.id
    FROM ${unnested(tx, groups)}
    JOIN unnest(${ids}::uuid[]) WITH ORDINALITY AS new (id, place) USING (place) ORDER BY g.place
    ON CONFLICT DO NOTHING`;
  // To join them now would lock incidents after claims.
  if (claimed.count < plans.length) throw new ClaimedMeanwhile();
  return new Map(plans.map((plan, index) => [plan, ids[index]!]));
}

function linesOf({ group, open, holding, cleared }: Plan, newId: string | undefined): MatchLine[] {
  const incidentId = open?.id ?? newId;
  if (incidentId === undefined) return [];
  const line = ({ eventId, occurrence, ruleset }: Match, outcome: MatchLine['outcome']): MatchLine => {
    return { organisationId: group.organisationId, eventId, occurrence, rulesetId: ruleset.id, incidentId, outcome };
  };
  return [
    ...holding.map((match, index) => line(match, open || index > 0 ? 'joined' : 'opened')),
    ...(cleared ? [line(cleared, 'resolved')] : []),
  ];
}

/** The groups as a table `g`, in their order. */
function unnested(tx: Transaction, groups: Group[]) {
  const column = <T>(pick: (group: Group) => T) => groups.map(pick);
  return tx`unnest(
    ${column((group) => group.organisationId)}::uuid[], ${column((group) => group.scopeId)}::uuid[],
    ${column((group) => group.incidentKey)}::text[]
  ) WITH ORDINALITY AS g (organisation_id, scope_id, incident_key, place)`;
}
