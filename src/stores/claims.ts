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
  /** When the occurrence was received that opened it. */
  reportedAt: string;
}

/**
 * Another transaction opened an incident under one of the keys, or recorded one of the matches, between two looks: roll
 * back and look again.
 */
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
  const plans = plansOf(matches, groups, found);
  const overdue = groups.filter((group) => found.get(group)?.clearing === 'overdue');
  if (overdue.length > 0) await release(tx, overdue, found);

  const claimed = await claim(
    tx,
    plans.filter(({ open, holding }) => !open && holding.length > 0),
  );
  const opened = await insertOpened(tx, claimed, openedAt);
  const joined = await joinIncidents(tx, plans);
  const cleared = await clearIncidents(tx, plans, claimed);
  const lines = plans.flatMap((plan) => linesOf(plan, claimed.get(plan)));
  // An event that waits is free for other pumps: one may have decided what it decides besides after we looked at that.
  if (!(await insertMatchLines(tx, lines))) throw new ClaimedMeanwhile();
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
    SELECT i.id, i.webhook_id, coalesce(e.received_at, i.created_at) AS reported_at, g.place::integer,
      CASE WHEN i.clearing_since IS NULL THEN 'no'
        WHEN i.clearing_since > now() - make_interval(secs => ${longestClearing}) THEN 'under_way' ELSE 'overdue' END AS clearing
    FROM ${unnested(tx, groups)}
    JOIN incident_claims c USING (organisation_id, scope_id, incident_key)
    JOIN incidents i ON i.organisation_id = c.organisation_id AND i.id = c.incident_id AND i.status <> 'resolved'
    LEFT JOIN events e ON e.organisation_id = i.organisation_id AND e.id = i.event_id
    ORDER BY i.id FOR NO KEY UPDATE OF i`;
  return new Map(rows.map(({ place, ...incident }) => [groups[place - 1]!, incident]));
}

/**
 * Matches happen in turn. One that comes after another which cleared its key waits until that incident is resolved, and
 * its event is looked at again then. What else the event ends waits with it, and what follows under those keys too: where
 * nothing is open nothing says that it was looked at, and later it would end what began after it.
 */
function plansOf(matches: Match[], groups: Group[], found: Map<Group, FoundIncident>): Plan[] {
  const plans = groups.map((group): Plan => {
    const incident = found.get(group);
    const open = incident?.clearing === 'no' ? incident : undefined;
    return { group, open, holding: [], cleared: undefined, deferred: [] };
  });
  const waiting = new Set(plans.filter(({ group }) => found.get(group)?.clearing === 'under_way'));
  const planOf = new Map(plans.flatMap((plan) => plan.group.matches.map((match) => [match, plan])));

  for (const event of byEvent(matches)) {
    let waits = event.some((match) => waiting.has(planOf.get(match)!));
    for (const match of event) {
      const plan = planOf.get(match)!;
      if (waiting.has(plan) || (waits && !match.holds)) {
        plan.deferred.push(match);
        waits = true;
      } else if (match.holds) plan.holding.push(match);
      else if (endsIt(plan, match)) {
        plan.cleared = match;
        waiting.add(plan);
      }
    }
    if (waits) for (const match of event) if (!match.holds) waiting.add(planOf.get(match)!);
  }
  return plans;
}

/** Only what comes in by the same webhook says that it is over, and only if it came later: one may be looked at again. */
function endsIt({ open, holding }: Plan, { webhookId, receivedAt }: Match): boolean {
  if (!open) return holding[0]?.webhookId === webhookId;
  return open.webhookId === webhookId && inOrder(open.reportedAt) < inOrder(receivedAt);
}

/** Times in UTC with three or six digits after the point, so that they compare as text. */
function inOrder(time: string): string {
  return time.replace('Z', '').padEnd(26, '0');
}

function byEvent(matches: Match[]): Iterable<Match[]> {
  const events = new Map<string, Match[]>();
  for (const match of matches) {
    const event = events.get(match.eventId);
    if (event) event.push(match);
    else events.set(match.eventId, [match]);
  }
  return events.values();
}

/**
 * Gives up the keys of incidents whose workflow should have resolved them long ago. Not where another transaction did,
 * and opened the next incident: its claim stands.
 */
async function release(tx: Transaction, groups: Group[], found: Map<Group, FoundIncident>): Promise<void> {
  await tx`
    DELETE FROM incident_claims c
    USING ${unnested(tx, groups)}
    JOIN unnest(${groups.map((group) => found.get(group)!.id)}::uuid[]) WITH ORDINALITY AS given_up (id, place) USING (place)
    WHERE c.organisation_id = g.organisation_id AND c.scope_id = g.scope_id AND c.incident_key = g.incident_key
      AND c.incident_id = given_up.id`;
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
