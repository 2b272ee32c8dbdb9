import type { Command } from '../incident/command.ts';
import type { Assignee, IncidentFacts, IncidentState } from '../incident/incident.ts';
import { commandOf } from '../incident/pending-action.ts';
import { openIncident } from '../incident/open-incident.ts';
import { transition } from '../incident/transition.ts';
import type { PolicySnapshot, Position } from './policy.ts';

/** One time that people are asked. Times are ISO 8601 in UTC. */
export interface SimulatedStep<Member> extends Position {
  at: string;
  /** Why now: its time has come, or the step before found nobody. */
  reason: 'level' | 'nobody_on_call';
  targets: Assignee[];
  members: Member[];
  /** From then on nobody is told on its account: the next step was taken, or somebody acknowledged. Null: never. */
  until: string | null;
}

export interface Simulation<Member> {
  steps: SimulatedStep<Member>[];
  /** The last step of the last repeat was taken in vain; null: it did not come to that. */
  exhaustedAt: string | null;
  acknowledgedAt: string | null;
}

export interface SimulatedStory {
  /** When the incident opens. */
  at: string;
  /** Seconds until somebody acknowledges it; null: nobody does. */
  acknowledgedAfter: number | null;
}

/**
 * Plays an incident with this policy from its opening to its acknowledgement or to the end of the policy, by the same
 * transitions as a real one. `membersOf` says whom targets stand for at an instant. Yields after every step, since
 * finding that out takes its time.
 */
export function* simulate<Member>(
  policy: PolicySnapshot,
  { at: openedAt, acknowledgedAfter }: SimulatedStory,
  membersOf: (targets: Assignee[], at: string) => Member[],
): Generator<undefined, Simulation<Member>> {
  const acknowledgedAt =
    acknowledgedAfter === null ? null : new Date(Date.parse(openedAt) + acknowledgedAfter * 1_000).toISOString();
  const steps: SimulatedStep<Member>[] = [];
  let state = openIncident(factsOf(policy, openedAt), []);
  let at = openedAt;
  let reason: SimulatedStep<Member>['reason'] = 'level';

  for (;;) {
    const { assignees: targets, escalation, pendingActions } = state.lifecycle;
    if (!escalation || escalation.exhausted) return { steps, exhaustedAt: at, acknowledgedAt };
    const members = membersOf(targets, at);
    const { level, cycle } = escalation;
    const step: SimulatedStep<Member> = { at, level, cycle, reason, targets, members, until: acknowledgedAt };
    steps.push(step);
    yield;

    reason = members.length > 0 ? 'level' : 'nobody_on_call';
    const due = pendingActions.find(({ type }) => type === 'escalate');
    if (!due) return { steps, exhaustedAt: null, acknowledgedAt };
    if (reason === 'level') {
      // At the same instant the timer comes first: every command plays what is due before it.
      if (acknowledgedAt !== null && Date.parse(acknowledgedAt) < Date.parse(due.at))
        return { steps, exhaustedAt: null, acknowledgedAt };
      at = due.at;
    }
    state = after(state, reason === 'level' ? commandOf(due, state) : nobodyOnCall, at);
    if (!state.lifecycle.escalation?.exhausted) step.until = at;
  }
}

/** As the workflow asks for when a level finds nobody. */
const nobodyOnCall: Command = {
  id: 'nobody',
  type: 'escalate',
  because: 'nobody_on_call',
  agent: { type: 'timer', id: null, name: 'nobody on call' },
  channel: 'timer',
};

function after(state: IncidentState, command: Command, at: string): IncidentState {
  const result = transition(state, command, at);
  if (!result.accepted) throw new Error(`The simulated incident refused to ${command.type}: ${result.code}`);
  return result.state;
}

/** An incident that nothing but its policy moves. */
function factsOf(escalationPolicy: PolicySnapshot, createdAt: string): IncidentFacts {
  return {
    organisationId: '',
    incidentId: '',
    number: 0,
    teamId: '',
    name: '',
    urgency: 'high',
    createdAt,
    acknowledgementTimeout: null,
    autoResolveTimeout: null,
    quietResolveTimeout: null,
    escalationPolicy,
    openedBy: { type: 'operator', id: null, name: 'simulation' },
    openedThrough: 'api',
    openingActions: [],
  };
}
