import type { Command } from './command.ts';
import type { IncidentState, Lifecycle, PendingAction, PendingActionType, Urgency } from './incident.ts';
import { pendingActionTypes, urgencyOf } from './incident.ts';

/** Sets the one timer of its kind to fire `seconds` after `from`; null leaves it off. */
export function arm(lifecycle: Lifecycle, type: PendingActionType, seconds: number | null, from: string): Lifecycle {
  if (seconds === null) return disarm(lifecycle, type);
  return armAt(lifecycle, type, new Date(Date.parse(from) + seconds * 1_000).toISOString());
}

/** The same for a given instant (ISO 8601 in UTC). */
export function armAt(lifecycle: Lifecycle, type: PendingActionType, at: string, to?: Urgency): Lifecycle {
  const others = disarm(lifecycle, type);
  const generation = (lifecycle.generations[type] ?? 0) + 1;
  const action: PendingAction = { type, at, generation, ...(to === undefined ? {} : { to }) };
  return {
    ...others,
    pendingActions: [...others.pendingActions, action].sort(inDueOrder),
    generations: { ...lifecycle.generations, [type]: generation },
  };
}

export function disarm(lifecycle: Lifecycle, type: PendingActionType): Lifecycle {
  return { ...lifecycle, pendingActions: lifecycle.pendingActions.filter((action) => action.type !== type) };
}

/** The first pending action whose time has come at `at`, or undefined. */
export function firstDue(lifecycle: Lifecycle, at: string): PendingAction | undefined {
  return lifecycle.pendingActions.find((action) => Date.parse(action.at) <= Date.parse(at));
}

/** What a fired timer asks for. Its id says kind, due time and generation, so one firing is stored once. */
export function commandOf(action: PendingAction, state: IncidentState): Command {
  const id = `timer:${action.type}:${action.at}:${action.generation}`;
  const channel = 'timer';
  switch (action.type) {
    case 'escalate':
      return {
        type: 'escalate',
        id,
        channel,
        agent: { type: 'timer', id: null, name: 'escalation' },
        because: 'no_answer',
        dueAt: action.at,
      };
    case 'urgency_change':
      return {
        type: 'change_urgency',
        id,
        channel,
        agent: { type: 'timer', id: null, name: 'support hours' },
        urgency: action.to ?? urgencyOf(state),
        dueAt: action.at,
      };
    case 'unacknowledge':
      return {
        type: 'unacknowledge',
        id,
        channel,
        agent: { type: 'timer', id: null, name: `acknowledgement timeout (${state.acknowledgementTimeout} s)` },
        dueAt: action.at,
      };
    case 'resolve':
      return {
        type: 'resolve',
        id,
        channel,
        agent: { type: 'timer', id: null, name: autoResolveName(state) },
        resolution: null,
        rootCause: null,
        dueAt: action.at,
      };
    case 'quiet_resolve':
      return {
        type: 'resolve',
        id,
        channel,
        agent: { type: 'timer', id: null, name: `no occurrence for ${state.quietResolveTimeout} s` },
        resolution: null,
        rootCause: null,
        dueAt: action.at,
      };
  }
}

/** One that was moved by hand may belong to an incident without that timeout. */
function autoResolveName({ autoResolveTimeout }: IncidentState): string {
  return autoResolveTimeout === null ? 'auto-resolve' : `auto-resolve timeout (${autoResolveTimeout} s)`;
}

/**
 * The state with its quiet timer moved behind the last occurrence, when that came after the timer was set. It is moved
 * only when it comes due: a storm must not set a timer for each occurrence.
 */
export function waitForQuiet(state: IncidentState, lastOccurrenceAt: string | null, at: string): IncidentState {
  const seconds = state.quietResolveTimeout ?? null;
  const due = state.lifecycle.pendingActions.find(({ type }) => type === 'quiet_resolve');
  if (seconds === null || lastOccurrenceAt === null || !due || Date.parse(due.at) > Date.parse(at)) return state;
  if (Date.parse(lastOccurrenceAt) + seconds * 1_000 <= Date.parse(due.at)) return state;
  return { ...state, lifecycle: arm(state.lifecycle, 'quiet_resolve', seconds, lastOccurrenceAt) };
}

/** Equal instants fire in the order of `pendingActionTypes`. */
function inDueOrder(a: PendingAction, b: PendingAction): number {
  return Date.parse(a.at) - Date.parse(b.at) || pendingActionTypes.indexOf(a.type) - pendingActionTypes.indexOf(b.type);
}
