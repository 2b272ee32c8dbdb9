import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  isCancellation,
  log,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActionActivities, Ahead, IncidentActivities } from '../../activities/incident-activities.ts';
import { type IncidentState, urgencyOf } from '../../domain/incident/incident.ts';
import { type Action, isCarriedOut } from '../../domain/incident/log-entry.ts';
import { commandOf, firstDue, waitForQuiet } from '../../domain/incident/pending-action.ts';
import { transition, type Command, type Transition } from '../../domain/incident/transition.ts';
import { taskQueues } from '../../temporal/names.ts';
import { statusKey, urgencyKey } from '../../temporal/search-attribute-keys.ts';
import { commandsOf } from './composite-change.ts';
import { incidentDetails } from './details.ts';
import * as messages from './messages.ts';
import { clearedCommand, signalCommand, type SignalledCommand } from './signal-command.ts';
import { createTimers } from './timers.ts';
import { isStorableChange, isStorableUpdate } from './update-command.ts';

export interface IncidentInput {
  state: IncidentState;
  /** Present when an earlier run of this incident hands over. */
  resumed?: {
    /** The newest command ids, so that a repeat is known across runs. */
    commandIds: string[];
    occurrences: number;
    /** Absent when an earlier release handed over. */
    lastOccurrenceAt?: string | null;
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

/** On a queue of its own: an endpoint that hangs must not hold up an acknowledge. */
const { runAction } = proxyActivities<ActionActivities>({
  taskQueue: taskQueues.actions,
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumAttempts: 5 },
});
const { giveUpAction } = proxyActivities<ActionActivities>({
  taskQueue: taskQueues.actions,
  startToCloseTimeout: '10s',
  retry: patient,
});

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
  let lastOccurrenceAt = input.resumed?.lastOccurrenceAt ?? null;
  const commandIds = new Set(input.resumed?.commandIds ?? []);
  const unstored: Unstored[] = [];
  /** Commands that were accepted, and then lost to what the read model held already. */
  const overtaken = new Map<string, string>();
  const timers = createTimers(playDue);
  let shownStatus = state.lifecycle.status;
  let shownUrgency = urgencyOf(state);
  let actionsUnderWay = 0;

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
    for (;;) {
      const quieted = waitForQuiet(state, lastOccurrenceAt, now());
      if (quieted !== state) {
        state = quieted;
        timers.follow(state.lifecycle.pendingActions, Date.now());
      }
      const due = firstDue(state.lifecycle, now());
      if (!due) return;
      apply(commandOf(due, state));
    }
  }

  function refuseOrPass(commands: Command[]): void {
    const fresh = commands.filter(({ id }) => !commandIds.has(id));
    if (fresh.length === 0) return;
    let ahead = waitForQuiet(state, lastOccurrenceAt, now());
    for (let due = firstDue(ahead.lifecycle, now()); due; due = firstDue(ahead.lifecycle, now())) {
      const played = transition(ahead, commandOf(due, ahead), now());
      if (!played.accepted) break;
      ahead = played.state;
    }
    for (const command of fresh) {
      const result = transition(ahead, command, now());
      if (!result.accepted) throw refusal(result.code);
      ahead = result.state;
    }
  }

  async function update(commands: Command[]): Promise<messages.UpdateResult> {
    playDue();
    for (const command of commands) if (!commandIds.has(command.id)) apply(command, 'update');
    const ids = new Set(commands.map(({ id }) => id));
    await condition(() => !unstored.some((waiting) => ids.has(waiting.command.id)));
    for (const id of ids) {
      const code = overtaken.get(id);
      if (code !== undefined) throw refusal(code);
    }
    return { sequence: state.lifecycle.sequence };
  }

  /** Its run is recorded; what comes of it, the activity stores. */
  async function carryOut(action: Action): Promise<void> {
    const run = { organisationId: state.organisationId, incidentId: state.incidentId, actionId: action.id };
    actionsUnderWay += 1;
    try {
      await runAction(run).catch((error: unknown) => giveUpAction({ ...run, message: messageOf(error) }));
    } finally {
      actionsUnderWay -= 1;
    }
  }

  function carryOutActions(stored: Unstored[]): void {
    for (const { command } of stored)
      if (command.type === 'action' && isCarriedOut(command.action)) carryOut(command.action).catch(ignoreCancellation);
  }

  /**
   * The read model is ahead: a task that stored something was lost, or an operator reset the workflow. What is stored
   * has been told to the world, so it stands; what came since is asked anew.
   */
  function adopt({ lifecycle, commandIds: storedIds, lastOccurrenceAt: lastAt }: Ahead): void {
    const again = unstored.splice(0);
    state = { ...state, lifecycle };
    hearOf(lastAt);
    carryOutActions(again.filter(({ command }) => storedIds.includes(command.id)));
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
    hear(type, command);
  }

  function hear(type: string, command: Command): void {
    playDue();
    if (commandIds.has(command.id)) return;
    const result = transition(state, command, now());
    if (!result.accepted) return log.info('dropped a signal that came too late', { signal: type, code: result.code });
    apply(command);
  }

  /** Occurrences may be told of late and out of order. */
  function hearOf(lastAt: string | null | undefined): void {
    if (typeof lastAt !== 'string' || Number.isNaN(Date.parse(lastAt))) return;
    if (lastOccurrenceAt === null || Date.parse(lastAt) > Date.parse(lastOccurrenceAt)) lastOccurrenceAt = lastAt;
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
  const unacknowledge = (given: messages.UpdateInput) => ({ ...fromApi(given), type: 'unacknowledge' }) as const;
  const escalate = (given: messages.UpdateInput) => ({ ...fromApi(given), type: 'escalate' }) as const;
  const resolve = (given: messages.ResolveInput) => {
    const { resolution = null, rootCause = null } = given ?? {};
    return { ...fromApi(given), type: 'resolve', resolution, rootCause } as const;
  };
  const action = (given: messages.ActionInput) =>
    ({ ...fromApi(given), type: 'action', action: { ...given?.action, trigger: 'manual' } }) as const;

  const validate = (command: Command) => {
    if (!isStorableUpdate(command)) throw refusal('invalid_fields');
    refuseOrPass([command]);
  };
  setHandler(messages.acknowledgeUpdate, (given) => update([acknowledge(given)]), {
    validator: (given) => validate(acknowledge(given)),
  });
  setHandler(messages.unacknowledgeUpdate, (given) => update([unacknowledge(given)]), {
    validator: (given) => validate(unacknowledge(given)),
  });
  setHandler(messages.escalateUpdate, (given) => update([escalate(given)]), {
    validator: (given) => validate(escalate(given)),
  });
  setHandler(messages.resolveUpdate, (given) => update([resolve(given)]), {
    validator: (given) => validate(resolve(given)),
  });
  setHandler(messages.actionUpdate, (given) => update([action(given)]), {
    validator: (given) => validate(action(given)),
  });
  setHandler(messages.changeUpdate, (given) => update(commandsOf(fromApi(given), given)), {
    validator(given) {
      const common = fromApi(given);
      const commands = commandsOf(common, given);
      if (!isStorableChange(common.id, given, commands)) throw refusal('invalid_fields');
      refuseOrPass(commands);
    },
  });
  setHandler(messages.acknowledgeSignal, (given) => signal('acknowledge', given));
  setHandler(messages.escalateSignal, (given) => signal('escalate', given));
  setHandler(messages.resolveSignal, (given) => signal('resolve', given));
  setHandler(messages.actionSignal, (given) => signal('action', given));
  setHandler(messages.joinedSignal, (given) => {
    if (!Number.isSafeInteger(given?.count)) return log.warn('dropped a malformed signal', { signal: 'joined' });
    occurrences = Math.max(occurrences, given.count);
    hearOf(given.lastAt);
  });
  setHandler(messages.clearedSignal, (given) => {
    const command = clearedCommand(given);
    if (command === null) return log.warn('dropped a malformed signal', { signal: 'cleared' });
    hear('cleared', command);
  });
  setHandler(messages.stateQuery, () => state);

  const handsOver = () =>
    workflowInfo().continueAsNewSuggested ||
    (input.continueAfter !== undefined && workflowInfo().historyLength >= input.continueAfter);
  const closes = () =>
    (state.lifecycle.status === 'resolved' || handsOver()) && actionsUnderWay === 0 && allHandlersFinished();

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
      else carryOutActions(unstored.splice(0, batch.length));
      if (shownStatus !== state.lifecycle.status) {
        shownStatus = state.lifecycle.status;
        upsertSearchAttributes([{ key: statusKey, value: shownStatus }]);
      }
      if (shownUrgency !== urgencyOf(state)) {
        shownUrgency = urgencyOf(state);
        upsertSearchAttributes([{ key: urgencyKey, value: shownUrgency }]);
      }
      // Handlers that waited for this must finish before the run may close.
      continue;
    }
    if (state.lifecycle.status === 'resolved') return;
    await continueAsNew<typeof incident>({
      state,
      resumed: { commandIds: [...commandIds], occurrences, lastOccurrenceAt },
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

/** An operator cancelled the whole incident: there is nobody left to tell. */
function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

/** Of an activity's failure: what the activity threw, as far as it may be stored. */
function messageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
}
