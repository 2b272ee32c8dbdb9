import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  log,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { Ahead, IncidentActivities } from '../../activities/incident-activities.ts';
import type { IncidentState } from '../../domain/incident/incident.ts';
import { commandOf, firstDue } from '../../domain/incident/pending-action.ts';
import { transition, type Command, type Transition } from '../../domain/incident/transition.ts';
import { statusKey } from '../../temporal/search-attribute-keys.ts';
import { incidentDetails } from './details.ts';
import * as messages from './messages.ts';
import { signalCommand, type SignalledCommand } from './signal-command.ts';
import { createTimers } from './timers.ts';
import { isStorableUpdate } from './update-command.ts';

export interface IncidentInput {
  state: IncidentState;
  /** Present when an earlier run of this incident hands over. */
  resumed?: {
    /** The newest command ids, so that a repeat is known across runs. */
    commandIds: string[];
    occurrences: number;
  };
  /** History events after which this run hands over; the server's own advice counts too. */
  continueAfter?: number;
}

const rememberedCommands = 1_000;
/** Bounds the arguments of one activity; a longer queue is stored in several. */
const recordedAtOnce = 50;

/** Without end, since a projection that gave up would lose the transition. */
const patient = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '20s' } as const;

/**
 * For what the history holds before it is acted on (the opening, timers, signals): one workflow task holds the change
 * and its storing, where a normal activity would take two. A task that is lost after the storing is done again, since
 * its cause is in the history; what it stored is then adopted.
 */
const local = proxyLocalActivities<IncidentActivities>({
  startToCloseTimeout: '10s',
  retry: patient,
  localRetryThreshold: '15s',
});

/**
 * For updates: until the task that accepts one is complete, nothing in the history says that it ever came, so nothing
 * may be stored before. A lost task would leave a row that says acknowledged, and no timer behind it.
 */
const durable = proxyActivities<IncidentActivities>({ startToCloseTimeout: '10s', retry: patient });

/** A change that is not in the read model yet, with what asked for it. */
interface Unstored {
  command: Command;
  transition: Transition;
  cause: Cause;
}

/** `recorded`: the history holds what asked for it. */
type Cause = 'recorded' | 'update';

/** One incident from its opening until it is resolved and everything about it is stored. */
export async function incident(input: IncidentInput): Promise<void> {
  let state = input.state;
  let occurrences = input.resumed?.occurrences ?? 1;
  const commandIds = new Set(input.resumed?.commandIds ?? []);
  const unstored: Unstored[] = [];
  /** Commands that were accepted, and then lost to what the read model held already. */
  const overtaken = new Map<string, string>();
  const timers = createTimers(playDue);
  let shownStatus = state.lifecycle.status;

  function apply(command: Command, cause: Cause = 'recorded'): void {
    const result = transition(state, command, now());
    if (!result.accepted) throw refusal(result.code);
    state = result.state;
    unstored.push({ command, transition: result.transition, cause });
    remember(commandIds, command.id);
    timers.follow(state.lifecycle.pendingActions, Date.now());
  }

  /** Whatever comes in, what was due before it happens before it. */
  function playDue(): void {
    for (let due = firstDue(state.lifecycle, now()); due; due = firstDue(state.lifecycle, now()))
      apply(commandOf(due, state));
  }

  function refuseOrPass(command: Command): void {
    if (!isStorableUpdate(command)) throw refusal('invalid_fields');
    if (commandIds.has(command.id)) return;
    let ahead = state;
    for (let due = firstDue(ahead.lifecycle, now()); due; due = firstDue(ahead.lifecycle, now())) {
      const played = transition(ahead, commandOf(due, ahead), now());
      if (!played.accepted) break;
      ahead = played.state;
    }
    const result = transition(ahead, command, now());
    if (!result.accepted) throw refusal(result.code);
  }

  async function update(command: Command): Promise<messages.UpdateResult> {
    playDue();
    if (!commandIds.has(command.id)) apply(command, 'update');
    await condition(() => !unstored.some((waiting) => waiting.command.id === command.id));
    const code = overtaken.get(command.id);
    if (code !== undefined) throw refusal(code);
    return { sequence: state.lifecycle.sequence };
  }

  /**
   * The read model is ahead: a task that stored something was lost, or an operator reset the workflow. What is stored
   * has been told to the world, so it stands; what came since is asked anew.
   */
  function adopt({ lifecycle, commandIds: storedIds }: Ahead): void {
    const again = unstored.splice(0);
    state = { ...state, lifecycle };
    for (const id of storedIds) remember(commandIds, id);
    timers.follow(lifecycle.pendingActions, Date.now());
    playDue();
    for (const { command, cause } of again) {
      // Timers are played from the state.
      if (storedIds.includes(command.id) || command.channel === 'timer') continue;
      const result = transition(state, command, now());
      if (result.accepted) apply(command, cause);
      else overtaken.set(command.id, result.code);
    }
  }

  function signal(type: SignalledCommand, input: unknown): void {
    const command = signalCommand(type, input, uuid4);
    if (typeof command === 'string') return log.warn('dropped a malformed signal', { signal: type, reason: command });
    playDue();
    if (commandIds.has(command.id)) return;
    const result = transition(state, command, now());
    if (!result.accepted) return log.info('dropped a signal that came too late', { signal: type, code: result.code });
    apply(command);
  }

  // Before any handler is set: a signal that came before the first task runs as soon as its handler is, and the log
  // must begin with the opening.
  if (!input.resumed) {
    const opened = { agent: state.openedBy, channel: state.openedThrough };
    apply({ ...opened, type: 'trigger', id: 'trigger' });
    for (const openingAction of state.openingActions)
      apply({ ...opened, type: 'action', id: `opening:${openingAction.id}`, action: openingAction });
  } else {
    timers.follow(state.lifecycle.pendingActions, Date.now());
  }

  const acknowledge = (given: messages.UpdateInput) => ({ ...fromApi(given), type: 'acknowledge' }) as const;
  const escalate = (given: messages.UpdateInput) => ({ ...fromApi(given), type: 'escalate' }) as const;
  const resolve = (given: messages.ResolveInput) => {
    const { resolution = null, rootCause = null } = given ?? {};
    return { ...fromApi(given), type: 'resolve', resolution, rootCause } as const;
  };
  const action = (given: messages.ActionInput) =>
    ({ ...fromApi(given), type: 'action', action: { ...given?.action, trigger: 'manual' } }) as const;

  setHandler(messages.acknowledgeUpdate, (given) => update(acknowledge(given)), {
    validator: (given) => refuseOrPass(acknowledge(given)),
  });
  setHandler(messages.escalateUpdate, (given) => update(escalate(given)), {
    validator: (given) => refuseOrPass(escalate(given)),
  });
  setHandler(messages.resolveUpdate, (given) => update(resolve(given)), {
    validator: (given) => refuseOrPass(resolve(given)),
  });
  setHandler(messages.actionUpdate, (given) => update(action(given)), {
    validator: (given) => refuseOrPass(action(given)),
  });
  setHandler(messages.acknowledgeSignal, (given) => signal('acknowledge', given));
  setHandler(messages.escalateSignal, (given) => signal('escalate', given));
  setHandler(messages.resolveSignal, (given) => signal('resolve', given));
  setHandler(messages.actionSignal, (given) => signal('action', given));
  setHandler(messages.joinedSignal, (given) => {
    if (!Number.isSafeInteger(given?.count)) return log.warn('dropped a malformed signal', { signal: 'joined' });
    occurrences = Math.max(occurrences, given.count);
  });
  setHandler(messages.stateQuery, () => state);

  const handsOver = () =>
    workflowInfo().continueAsNewSuggested ||
    (input.continueAfter !== undefined && workflowInfo().historyLength >= input.continueAfter);
  const closes = () => (state.lifecycle.status === 'resolved' || handsOver()) && allHandlersFinished();

  for (;;) {
    setCurrentDetails(incidentDetails(state, occurrences));
    await condition(() => unstored.length > 0 || closes());
    if (unstored.length > 0) {
      const batch = unstored.slice(0, recordedAtOnce);
      const { recordTransitions } = batch.some(({ cause }) => cause === 'update') ? durable : local;
      const ahead = await recordTransitions({
        organisationId: state.organisationId,
        incidentId: state.incidentId,
        transitions: batch.map((waiting) => waiting.transition),
      });
      if (ahead) adopt(ahead);
      else unstored.splice(0, batch.length);
      if (shownStatus !== state.lifecycle.status) {
        shownStatus = state.lifecycle.status;
        upsertSearchAttributes([{ key: statusKey, value: shownStatus }]);
      }
      // Handlers that waited for this must finish before the run may close.
      continue;
    }
    if (state.lifecycle.status === 'resolved') return;
    await continueAsNew<typeof incident>({
      state,
      resumed: { commandIds: [...commandIds], occurrences },
      ...(input.continueAfter === undefined ? {} : { continueAfter: input.continueAfter }),
    });
  }
}

function fromApi(given: messages.UpdateInput): Pick<Command, 'id' | 'agent' | 'channel'> {
  return { id: currentUpdateInfo()?.id ?? uuid4(), agent: given?.agent, channel: 'api' };
}

function now(): string {
  return new Date(Date.now()).toISOString();
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size > rememberedCommands) ids.delete(ids.values().next().value ?? '');
}

/** Any other throw would wedge the workflow in task retries. */
function refusal(code: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`Refused: ${code}`, code);
}
