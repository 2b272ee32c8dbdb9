import { firstPosition } from '../escalation/policy.ts';
import { enterLevel } from './escalation-step.ts';
import type { Assignee, IncidentFacts, IncidentState, Lifecycle } from './incident.ts';
import { arm, armAt, disarm } from './pending-action.ts';

/** The state a new incident's workflow starts from. Its `trigger` transition is still to come. */
export function openIncident(facts: IncidentFacts, assignees: Assignee[]): IncidentState {
  const lifecycle: Lifecycle = {
    status: 'triggered',
    assignees,
    acknowledgedAt: null,
    resolvedAt: null,
    pendingActions: [],
    generations: {},
    sequence: 0,
  };
  const { escalationPolicy, createdAt } = facts;
  const aging = armNextUrgency(armEnds(lifecycle, facts, createdAt), facts, createdAt);
  return {
    ...facts,
    lifecycle: escalationPolicy ? enterLevel(aging, escalationPolicy, firstPosition, createdAt) : aging,
  };
}

/** The timers that end an incident nobody ends. */
export function armEnds(lifecycle: Lifecycle, facts: IncidentFacts, from: string): Lifecycle {
  const aging = arm(lifecycle, 'resolve', facts.autoResolveTimeout, from);
  return arm(aging, 'quiet_resolve', facts.quietResolveTimeout ?? null, from);
}

/** Waits for the first change of urgency after that instant that is known: support hours begin or end. */
export function armNextUrgency(lifecycle: Lifecycle, { urgencyChanges = [] }: IncidentFacts, after: string): Lifecycle {
  const next = urgencyChanges.find(({ at }) => Date.parse(at) > Date.parse(after));
  return next ? armAt(lifecycle, 'urgency_change', next.at, next.to) : disarm(lifecycle, 'urgency_change');
}
