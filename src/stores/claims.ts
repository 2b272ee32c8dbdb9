import { v7 as uuid } from 'uuid';
import type { IncidentState } from '../domain/incident/incident.ts';
import type { CheckResult } from '../domain/incident/snapshot.ts';
import { openIncident } from '../domain/incident/transition.ts';
import type { Ruleset } from '../domain/ruleset/ruleset.ts';
import { insertIncidents, nextIncidentNumbers } from './incidents.ts';
import type { Transaction } from './sql.ts';

/** An event that a ruleset matched. */
export interface Match {
  eventId: string;
  webhookId: string;
  receivedAt: string;
  ruleset: Ruleset;
  incidentKey: string;
  /** Read only when the match opens an incident. */
  readCheck(): CheckResult;
}

/** How often an incident's problem was reported, as its row says. */
export interface Occurrences {
  incidentId: string;
  count: number;
  lastAt: string;
  /** False: whoever starts the workflow tells it. */
  workflowStarted: boolean;
}

export interface Recorded {
  opened: IncidentState[];
  joined: Occurrences[];
}

/** The matches of one incident key within one scope, oldest first. */
interface Group {
  organisationId: string;
  scopeId: string;
  incidentKey: string;
  matches: [Match, ...Match[]];
  lastAt: string;
}

/** Another transaction opened an incident under one of the keys between two looks: roll back and record again. */
export class ClaimedMeanwhile extends Error {
  override readonly name = 'ClaimedMeanwhile';
}

/**
 * Decides of each match whether it opens an incident or joins the open one of its key, and records that. `matches` are
 * oldest first and may belong to several organisations; `openedAt` is when new incidents begin (ISO 8601). Throws
 * `ClaimedMeanwhile`, after which the whole transaction must be repeated.
 *
 * Nobody deadlocks, because everybody locks incidents first, then claims, then counters, each in one sorted pass; so
 * does a resolve, which deletes the claim under the incident's lock. A match that waited for a resolve finds the key
 * free and opens anew.
 */
export async function recordMatches(tx: Transaction, matches: Match[], openedAt: string): Promise<Recorded> {
  const groups = groupByKey(matches);
  const open = await joinOpen(tx, groups);
  const unclaimed = groups.filter((group) => !open.has(group));
  const claimed = await claim(tx, unclaimed);
  const opened = await insertOpened(tx, claimed, openedAt);

  const lines = groups.flatMap((group) => {
    const joined = open.get(group);
    const incidentId = joined?.incidentId ?? claimed.get(group)!;
    return group.matches.map(({ eventId, ruleset }, index): MatchLine => {
      const outcome = joined || index > 0 ? 'joined' : 'opened';
      return { organisationId: group.organisationId, eventId, rulesetId: ruleset.id, incidentId, outcome };
    });
  });
  await insertMatchLines(tx, lines);
  return { opened, joined: [...open.values()] };
}

function groupByKey(matches: Match[]): Group[] {
  const groups = new Map<string, Group>();
  for (const match of matches) {
    const { organisationId, id: scopeId } = match.ruleset;
    const name = `${organisationId} ${scopeId} ${match.incidentKey}`;
    const group = groups.get(name);
    if (group) {
      group.matches.push(match);
      group.lastAt = match.receivedAt;
    } else
      groups.set(name, {
        organisationId,
        scopeId,
        incidentKey: match.incidentKey,
        matches: [match],
        lastAt: match.receivedAt,
      });
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Adds to the incidents that are open under these keys. One that is resolved by the time its lock is had is not open. */
async function joinOpen(tx: Transaction, groups: Group[]): Promise<Map<Group, Occurrences>> {
  const rows = await tx<(Occurrences & { place: number })[]>`
    WITH locked AS MATERIALIZED (
      SELECT i.id, g.place, g.count, g.last_at
      FROM ${unnested(tx, groups)}
      JOIN incident_claims c USING (organisation_id, scope_id, incident_key)
      JOIN incidents i ON i.organisation_id = c.organisation_id AND i.id = c.incident_id AND i.status <> 'resolved'
      ORDER BY i.id FOR NO KEY UPDATE OF i
    )
    UPDATE incidents i SET
      occurrences = i.occurrences + locked.count, last_occurrence_at = greatest(i.last_occurrence_at, locked.last_at)
    FROM locked WHERE i.id = locked.id
    RETURNING locked.place::integer, i.id AS incident_id, i.occurrences AS count, i.last_occurrence_at AS last_at,
      i.workflow_started`;
  return new Map(rows.map(({ place, ...occurrences }) => [groups[place - 1]!, occurrences]));
}

/** Claims keys for incidents to be, and answers their ids. */
async function claim(tx: Transaction, groups: Group[]): Promise<Map<Group, string>> {
  if (groups.length === 0) return new Map();
  const ids = groups.map(() => uuid());
  const claimed = await tx`
    INSERT INTO incident_claims (organisation_id, scope_id, incident_key, incident_id)
    SELECT g.organisation_id, g.scope_id, g.incident_key, new.id
    FROM ${unnested(tx, groups)}
    JOIN unnest(${ids}::uuid[]) WITH ORDINALITY AS new (id, place) USING (place) ORDER BY g.place
    ON CONFLICT DO NOTHING`;
  // To join them now would lock incidents after claims.
  if (claimed.count < groups.length) throw new ClaimedMeanwhile();
  return new Map(groups.map((group, index) => [group, ids[index]!]));
}

async function insertOpened(tx: Transaction, claimed: Map<Group, string>, openedAt: string): Promise<IncidentState[]> {
  const states: IncidentState[] = [];
  const groups = [...claimed.keys()];
  // Groups are sorted by organisation, so counters are locked in the same order by everybody.
  for (const organisationId of new Set(groups.map((group) => group.organisationId))) {
    const own = groups.filter((group) => group.organisationId === organisationId);
    const first = await nextIncidentNumbers(tx, organisationId, own.length);
    const incidents = own.map((group, index) => {
      const [opener] = group.matches;
      const { ruleset } = opener;
      return {
        state: stateOf(ruleset, claimed.get(group)!, first + index, openedAt),
        description: ruleset.description,
        incidentKey: group.incidentKey,
        rulesetId: ruleset.id,
        rulesetVersion: ruleset.version,
        webhookId: opener.webhookId,
        eventId: opener.eventId,
        check: opener.readCheck(),
        occurrences: group.matches.length,
        lastOccurrenceAt: group.lastAt,
      };
    });
    await insertIncidents(tx, organisationId, incidents);
    states.push(...incidents.map(({ state }) => state));
  }
  return states;
}

function stateOf(ruleset: Ruleset, incidentId: string, number: number, createdAt: string): IncidentState {
  const assignees = ruleset.assignees.length > 0 ? ruleset.assignees : [{ type: 'team' as const, id: ruleset.teamId }];
  return openIncident(
    {
      organisationId: ruleset.organisationId,
      incidentId,
      number,
      teamId: ruleset.teamId,
      name: ruleset.name,
      urgency: ruleset.urgency,
      createdAt,
      acknowledgementTimeout: ruleset.acknowledgementTimeout,
      autoResolveTimeout: ruleset.autoResolveTimeout,
      openedBy: { type: 'ruleset', id: ruleset.id, name: ruleset.name },
      openedThrough: 'event',
      openingActions: [],
    },
    assignees,
  );
}

interface MatchLine {
  organisationId: string;
  eventId: string;
  rulesetId: string;
  incidentId: string;
  outcome: 'opened' | 'joined';
}

async function insertMatchLines(tx: Transaction, lines: MatchLine[]): Promise<void> {
  const column = <T>(pick: (line: MatchLine) => T) => lines.map(pick);
  await tx`
    INSERT INTO event_matches (organisation_id, event_id, ruleset_id, incident_id, outcome)
    SELECT * FROM unnest(
      ${column((line) => line.organisationId)}::uuid[], ${column((line) => line.eventId)}::uuid[],
      ${column((line) => line.rulesetId)}::uuid[], ${column((line) => line.incidentId)}::uuid[],
      ${column((line) => line.outcome)}::text[])
    ON CONFLICT DO NOTHING`;
}

/** The groups as a table `g`, in their order. */
function unnested(tx: Transaction, groups: Group[]) {
  const column = <T>(pick: (group: Group) => T) => groups.map(pick);
  return tx`unnest(
    ${column((group) => group.organisationId)}::uuid[], ${column((group) => group.scopeId)}::uuid[],
    ${column((group) => group.incidentKey)}::text[], ${column((group) => group.matches.length)}::integer[],
    ${column((group) => group.lastAt)}::timestamptz[]
  ) WITH ORDINALITY AS g (organisation_id, scope_id, incident_key, count, last_at, place)`;
}
