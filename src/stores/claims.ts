import { v7 as uuid } from 'uuid';
import type { IncidentState } from '../domain/incident/incident.ts';
import {
  type FoundIncident,
  type Group,
  groupByKey,
  type Plan,
  plansOf,
  type Problem,
  problemsOf,
  type Standing,
} from './claim-plans.ts';
import { acknowledgeIncidents, clearIncidents, insertOpened, joinIncidents } from './claimed-incidents.ts';
import type { Decision, SourceAction } from './decisions.ts';
import { insertMatchLines, type MatchLine } from './event-matches.ts';
import type { Transaction } from './sql.ts';

/** How often an incident's problem was reported, as its row says. */
export interface Occurrences {
  incidentId: string;
  count: number;
  lastAt: string;
  /** False: whoever starts the workflow tells it. */
  workflowStarted: boolean;
}

/** An incident whose workflow is to resolve it, the event that cleared its problem, and what made that of the event. */
export interface Cleared {
  incidentId: string;
  eventId: string;
  by: { type: 'ruleset' | 'webhook'; id: string; name: string };
}

/** An incident whose workflow is to acknowledge it, since its sender says that somebody sees to it. */
export interface Acknowledged {
  incidentId: string;
  eventId: string;
  webhook: { id: string; name: string };
}

export interface Recorded {
  opened: IncidentState[];
  joined: Occurrences[];
  acknowledged: Acknowledged[];
  cleared: Cleared[];
  /** Events that have to be evaluated again once an incident, which they would join or open anew, is resolved. */
  deferred: string[];
  /** Acknowledges and resolves for which nothing was open. */
  idle: SourceAction[];
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
 * Decides of each match whether it opens an incident, joins the open one of its key, or resolves it, and of a sender's
 * acknowledge or resolve which incidents it is about, and records that. `decisions` are oldest first and may belong to
 * several organisations; `openedAt` is when new incidents begin (ISO 8601). Throws `ClaimedMeanwhile`, after which the
 * whole transaction must be repeated.
 *
 * Nobody deadlocks, because everybody locks incidents first, then claims, then counters, each in one sorted pass; so
 * does a resolve, which deletes the claim under the incident's lock. A match that waited for a resolve finds the key
 * free and opens anew.
 */
export async function recordMatches(tx: Transaction, decisions: Decision[], openedAt: string): Promise<Recorded> {
  const groups = groupByKey(decisions);
  const found = await lockOpen(tx, groups, problemsOf(decisions));
  const { plans, standings, deferred, idle } = plansOf(decisions, groups, found);
  const overdue = groups.filter((group) => found.byGroup.get(group)?.clearing === 'overdue');
  if (overdue.length > 0) await release(tx, overdue, found.byGroup);

  const claimed = await claim(
    tx,
    plans.filter(({ standing }) => standing && !standing.open),
  );
  const opened = await insertOpened(tx, claimed, openedAt);
  const joined = await joinIncidents(tx, plans);
  const idOf = ({ open, plans: [first] }: Standing) => open?.id ?? claimed.get(first!)!;
  const acknowledged = await acknowledgeIncidents(tx, standings, idOf);
  const cleared = await clearIncidents(tx, standings, idOf);
  const lines = [
    ...plans.flatMap((plan) => linesOf(plan, idOf)),
    ...standings.flatMap((standing) => endsOf(standing, idOf)),
  ];
  // An event that waits is free for other pumps: one may have decided what it decides besides after we looked at that.
  if (!(await insertMatchLines(tx, lines))) throw new ClaimedMeanwhile();
  return { opened, joined, acknowledged, cleared, deferred: [...deferred], idle };
}

/**
 * Locks the incidents that are open under these keys, and those that these problems opened. One that is resolved by the
 * time its lock is had is not open. Which they are is found once and for all: where somebody changes a row while this
 * waits for its lock, Postgres looks again, and of a union no more than the first row is found then.
 */
async function lockOpen(tx: Transaction, groups: Group[], problems: Problem[]) {
  const column = <T>(pick: (problem: Problem) => T) => problems.map(pick);
  const rows = await tx<(FoundIncident & { place: number | null })[]>`
    WITH wanted AS MATERIALIZED (
      SELECT c.organisation_id, c.incident_id, g.place
      FROM ${unnested(tx, groups)}
      JOIN incident_claims c USING (organisation_id, scope_id, incident_key)
      UNION ALL
      SELECT i.organisation_id, i.id, NULL
      FROM unnest(
        ${column((problem) => problem.organisationId)}::uuid[], ${column((problem) => problem.webhookId)}::uuid[],
        ${column((problem) => problem.dedupKey)}::text[]
      ) AS p (organisation_id, webhook_id, dedup_key)
      JOIN incidents i ON i.organisation_id = p.organisation_id AND i.webhook_id = p.webhook_id
        AND i.dedup_key = p.dedup_key AND i.dedup_key IS NOT NULL AND i.status <> 'resolved'
    )
    SELECT i.id, i.status, i.webhook_id, i.dedup_key, coalesce(e.received_at, i.created_at) AS reported_at,
      coalesce((SELECT m.occurrence FROM event_matches m
        WHERE m.organisation_id = i.organisation_id AND m.event_id = i.event_id AND m.incident_id = i.id
          AND m.outcome = 'opened' LIMIT 1), 0) AS occurrence,
      wanted.place::integer,
      CASE WHEN i.clearing_since IS NULL THEN 'no'
        WHEN i.clearing_since > now() - make_interval(secs => ${longestClearing}) THEN 'under_way' ELSE 'overdue' END AS clearing
    FROM wanted
    JOIN incidents i ON i.organisation_id = wanted.organisation_id AND i.id = wanted.incident_id AND i.status <> 'resolved'
    LEFT JOIN events e ON e.organisation_id = i.organisation_id AND e.id = i.event_id
    ORDER BY i.id FOR NO KEY UPDATE OF i`;
  const byGroup = new Map<Group, FoundIncident>();
  const byProblem: FoundIncident[] = [];
  for (const { place, ...incident } of rows)
    if (place === null) byProblem.push(incident);
    else byGroup.set(groups[place - 1]!, incident);
  return { byGroup, byProblem };
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

type IdOf = (standing: Standing) => string;

function linesOf({ standing, holding }: Plan, idOf: IdOf): MatchLine[] {
  if (!standing) return [];
  const incidentId = idOf(standing);
  return holding.map((match, index) => lineOf(match, incidentId, standing.open || index > 0 ? 'joined' : 'opened'));
}

function endsOf(standing: Standing, idOf: IdOf): MatchLine[] {
  const { acknowledgedBy, endedBy } = standing;
  return [
    ...acknowledgedBy.map((by) => lineOf(by, idOf(standing), 'acknowledged')),
    ...(endedBy ? [lineOf(endedBy, idOf(standing), 'resolved')] : []),
  ];
}

function lineOf(decision: Decision, incidentId: string, outcome: MatchLine['outcome']): MatchLine {
  const { organisationId, eventId, occurrence, webhook } = decision;
  const opener = 'opener' in decision ? decision.opener : { type: 'webhook', id: webhook.id };
  const rulesetId = opener.type === 'ruleset' ? opener.id : null;
  return { organisationId, eventId, occurrence, scopeId: opener.id, rulesetId, incidentId, outcome };
}

/** The groups as a table `g`, in their order. */
function unnested(tx: Transaction, groups: Group[]) {
  const column = <T>(pick: (group: Group) => T) => groups.map(pick);
  return tx`unnest(
    ${column((group) => group.organisationId)}::uuid[], ${column((group) => group.scopeId)}::uuid[],
    ${column((group) => group.incidentKey)}::text[]
  ) WITH ORDINALITY AS g (organisation_id, scope_id, incident_key, place)`;
}
