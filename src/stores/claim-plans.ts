import type { Status } from '../domain/incident/incident.ts';
import { type Decision, isAction, type Match, type SourceAction } from './decisions.ts';

/** The matches of one incident key within one scope, oldest first. */
export interface Group {
  organisationId: string;
  scopeId: string;
  incidentKey: string;
  matches: Match[];
}

/** What a sender's acknowledge or resolve names. */
export interface Problem {
  organisationId: string;
  webhookId: string;
  dedupKey: string;
}

export interface OpenIncident {
  id: string;
  status: Status;
  webhookId: string | null;
  dedupKey: string | null;
  /** When the occurrence was received that opened it, and which of its event it was. */
  reportedAt: string;
  occurrence: number;
}

/** `overdue`: nobody waits any more for the workflow to resolve it. */
export interface FoundIncident extends OpenIncident {
  clearing: 'no' | 'under_way' | 'overdue';
}

/** An incident that is open, or that opens now, and what happens to it. */
export interface Standing {
  /** Undefined: the first of `plans[0].holding` opens it. */
  open: OpenIncident | undefined;
  /** Of its keys, those that are reported now; one that others were merged into has several. */
  plans: Plan[];
  acknowledgedBy: SourceAction[];
  endedBy: Decision | undefined;
}

/** What the matches of a group do, once it is known whether an incident of theirs is open. */
export interface Plan {
  group: Group;
  standing: Standing | undefined;
  /** They open or join. */
  holding: Match[];
}

export interface Plans {
  plans: Plan[];
  standings: Standing[];
  /** Events that have to be looked at again once an incident is resolved. */
  deferred: Set<string>;
  /** Found nothing open that they could be about. */
  idle: SourceAction[];
}

export function groupByKey(decisions: Decision[]): Group[] {
  const groups = new Map<string, Group>();
  for (const match of decisions) {
    if (isAction(match)) continue;
    const name = groupName(match);
    const group = groups.get(name);
    const { organisationId, incidentKey } = match;
    if (group) group.matches.push(match);
    else groups.set(name, { organisationId, scopeId: match.opener.id, incidentKey, matches: [match] });
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Those that are acknowledged or resolved. */
export function problemsOf(decisions: Decision[]): Problem[] {
  const actions = decisions.filter(isAction);
  return [
    ...new Map(
      actions.map(({ organisationId, webhook, dedupKey }) => [
        problemName(webhook.id, dedupKey),
        { organisationId, webhookId: webhook.id, dedupKey },
      ]),
    ).values(),
  ];
}

/**
 * Decisions happen in turn. One that comes after another which ended its incident waits until that is resolved, and its
 * event is looked at again then. What else the event ends waits with it, and what follows under those keys and of those
 * problems too: where nothing is open nothing says that it was looked at, and later it would end what began after it.
 *
 * `found` are the open incidents by group, and those that the problems opened.
 */
export function plansOf(
  decisions: Decision[],
  groups: Group[],
  found: { byGroup: Map<Group, FoundIncident>; byProblem: FoundIncident[] },
): Plans {
  const incidents = [...found.byGroup.values(), ...found.byProblem];
  const standings = new Map<string, Standing>();
  for (const incident of incidents)
    if (incident.clearing === 'no' && !standings.has(incident.id)) standings.set(incident.id, standingOf(incident));
  const plans = groups.map((group): Plan => {
    const standing = standings.get(found.byGroup.get(group)?.id ?? '');
    const plan = { group, standing, holding: [] };
    standing?.plans.push(plan);
    return plan;
  });
  const planOf = new Map(plans.flatMap((plan) => plan.group.matches.map((match) => [match, plan])));
  const opened = new Map<string, Standing[]>();
  for (const standing of standings.values()) addTo(opened, problemOf(standing), standing);

  /** Plans, and names of problems. */
  const waiting = new Set<Plan | string>(
    plans.filter(({ group }) => found.byGroup.get(group)?.clearing === 'under_way'),
  );
  for (const { clearing, webhookId, dedupKey } of found.byProblem)
    if (clearing === 'under_way') waiting.add(problemName(webhookId!, dedupKey!));
  const placesOf = (decision: Decision): (Plan | string)[] => [
    ...(isAction(decision) ? [] : [planOf.get(decision)!]),
    ...(decision.dedupKey === null ? [] : [problemName(decision.webhook.id, decision.dedupKey)]),
  ];
  const mustWait = (decision: Decision) => placesOf(decision).some((place) => waiting.has(place));
  const wait = (decision: Decision) => placesOf(decision).forEach((place) => waiting.add(place));

  const result: Plans = { plans, standings: [...standings.values()], deferred: new Set(), idle: [] };
  const hold = (match: Match) => {
    const plan = planOf.get(match)!;
    plan.holding.push(match);
    if (plan.standing) return;
    plan.standing = { ...standingOf(undefined), plans: [plan] };
    result.standings.push(plan.standing);
    addTo(opened, problemOf(plan.standing), plan.standing);
  };
  const end = (standing: Standing, by: Decision) => {
    standing.endedBy = by;
    for (const plan of standing.plans) waiting.add(plan);
    const problem = problemOf(standing);
    if (problem !== null) waiting.add(problem);
  };
  const act = (action: SourceAction) => {
    const all = opened.get(problemName(action.webhook.id, action.dedupKey)) ?? [];
    const meant = all.filter((standing) => isMeant(standing, action));
    if (meant.length === 0) result.idle.push(action);
    for (const standing of meant)
      if (action.action === 'resolve') end(standing, action);
      else standing.acknowledgedBy.push(action);
  };

  for (const event of byEvent(decisions)) {
    let waits = event.some(mustWait);
    for (const decision of event) {
      const isTrigger = !isAction(decision) && decision.holds;
      if (mustWait(decision) || (waits && !isTrigger)) {
        result.deferred.add(decision.eventId);
        wait(decision);
        waits = true;
      } else if (isAction(decision)) act(decision);
      else if (decision.holds) hold(decision);
      else {
        const { standing } = planOf.get(decision)!;
        if (standing && isMeant(standing, decision)) end(standing, decision);
      }
    }
    if (waits) for (const decision of event) if (isAction(decision) || !decision.holds) wait(decision);
  }
  return result;
}

function standingOf(open: OpenIncident | undefined): Standing {
  return { open, plans: [], acknowledgedBy: [], endedBy: undefined };
}

/** Only what comes in by the same webhook ends it, and only if it came later: one may be looked at again. */
function isMeant({ open, plans, endedBy }: Standing, { webhook, receivedAt, occurrence }: Decision): boolean {
  if (endedBy) return false;
  if (!open) return plans[0]!.holding[0]!.webhook.id === webhook.id;
  if (open.webhookId !== webhook.id) return false;
  const [opened, came] = [inOrder(open.reportedAt), inOrder(receivedAt)];
  // No two events of a webhook share their time.
  return opened < came || (opened === came && open.occurrence < occurrence);
}

/** The one that opened it; null for one without a key of its sender's. */
function problemOf({ open, plans }: Standing): string | null {
  const opener = plans[0]?.holding[0];
  const [webhookId, dedupKey] = open ? [open.webhookId, open.dedupKey] : [opener!.webhook.id, opener!.dedupKey];
  return webhookId === null || dedupKey === null ? null : problemName(webhookId, dedupKey);
}

function addTo(opened: Map<string, Standing[]>, problem: string | null, standing: Standing): void {
  if (problem !== null) opened.set(problem, [...(opened.get(problem) ?? []), standing]);
}

function groupName({ organisationId, opener, incidentKey }: Match): string {
  return `${organisationId} ${opener.id} ${incidentKey}`;
}

function problemName(webhookId: string, dedupKey: string): string {
  return `${webhookId} ${dedupKey}`;
}

/** Times in UTC with three or six digits after the point, so that they compare as text. */
function inOrder(time: string): string {
  return time.replace('Z', '').padEnd(26, '0');
}

function byEvent(decisions: Decision[]): Iterable<Decision[]> {
  const events = new Map<string, Decision[]>();
  for (const decision of decisions) {
    const event = events.get(decision.eventId);
    if (event) event.push(decision);
    else events.set(decision.eventId, [decision]);
  }
  return events.values();
}
