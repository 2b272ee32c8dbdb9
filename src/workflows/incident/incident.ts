import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  isCancellation,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  ActionActivities,
  Ahead,
  IncidentActivities,
  PagingActivities,
  SupportHoursActivities,
} from '../../activities/incident-activities.ts';
import type { Command } from '../../domain/incident/command.ts';
import { type IncidentState, urgencyOf } from '../../domain/incident/incident.ts';
import { type Action, type Agent, isCarriedOut } from '../../domain/incident/log-entry.ts';
import { commandOf, firstDue, waitForQuiet } from '../../domain/incident/pending-action.ts';
import { armNextUrgency, transition, type Transition } from '../../domain/incident/transition.ts';
import { taskQueues } from '../../temporal/names.ts';
import { statusKey, urgencyKey } from '../../temporal/search-attribute-keys.ts';
import { commandsOf } from './composite-change.ts';
import { incidentDetails } from './details.ts';
import * as messages from './messages.ts';
import { type Asking, pageOf } from './page.ts';
import { detailedMessages, detailReaders, type DetailedMessage } from './read-details.ts';
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
/** How long a resolved incident that was started again waits for the command it was started for. */
const patienceWhenResolved = '10s';
/** With no more changes of urgency than these in store, the next ones are asked for. */
const fewChanges = 5;
/** Bounds the arguments of one activity, in transitions and in characters; a longer queue is stored in several. */
const recordedAtOnce = 50;
const mostCharacters = 300_000;
/**
 * More signals at once than these are a flood. Local activities would keep its workflow task open, and the server fails
 * a task during which a hundred events have come in.
 */
const fewSignals = 10;

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

/** Effects run on a queue of their own: an endpoint that hangs must not hold up an acknowledge. */
function proxyEffects() {
  const { taskQueue: own } = workflowInfo();
  const taskQueue = own === taskQueues.incidents ? taskQueues.actions : own;
  const { runAction } = proxyActivities<ActionActivities>({
    taskQueue,
    startToCloseTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumAttempts: 5 },
  });
  // Without end, since nobody else would write or ask.
  const { giveUpAction } = proxyActivities<ActionActivities>({ taskQueue, startToCloseTimeout: '10s', retry: patient });
  const { page } = proxyActivities<PagingActivities>({ taskQueue, startToCloseTimeout: '30s', retry: patient });
  const { nextUrgencyChanges } = proxyActivities<SupportHoursActivities>({
    taskQueue,
    startToCloseTimeout: '10s',
    retry: patient,
  });
  return { runAction, giveUpAction, page, nextUrgencyChanges };
}

/** A change that is not in the read model yet, with what asked for it. */
interface Unstored {
  command: Command;
  transition: Transition;
  cause: Cause;
}

type PageOf = NonNullable<ReturnType<typeof pageOf>>;

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
  let effectsUnderWay = 0;
  /** The transition that asked a level of the policy last. */
  let levelAskedAt = 0;
  const { runAction, giveUpAction, page, nextUrgencyChanges } = proxyEffects();

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

  function handsOver(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || (input.continueAfter !== undefined && historyLength >= input.continueAfter);
  }

  function refuseOrPass(commands: Command[]): void {
    // With updates that never pause there would be no moment to hand over in. The client asks again.
    if (handsOver() && effectsUnderWay === 0) throw refusal('unavailable');
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
    await runAction(run).catch((error: unknown) => giveUpAction({ ...run, message: messageOf(error) }));
  }

  /** Asks people; a level that finds nobody on call hands over to the next one at once. */
  async function pagePeople({ sequence, at, lifecycle: asked }: Asking, wanted: PageOf): Promise<void> {
    const { organisationId, incidentId } = state;
    if (wanted.kind === 'level') levelAskedAt = sequence;
    const { members } = await page({ organisationId, incidentId, sequence, at, ...wanted });
    const { status, escalation = null } = state.lifecycle;
    const { level, cycle } = asked.escalation ?? {};
    if (wanted.kind !== 'level' || members > 0 || status !== 'triggered') return;
    if (!escalation || escalation.exhausted || escalation.level !== level || escalation.cycle !== cycle) return;
    // Another policy may have been asked at its level of the same number meanwhile.
    const isOvertaken = unstored.some(({ transition: later }) => pageOf(later)?.kind === 'level');
    if (isOvertaken || levelAskedAt !== sequence) return;
    const agent: Agent = { type: 'timer', id: null, name: 'nobody on call' };
    hear('escalate', {
      id: `nobody:${sequence}`,
      agent,
      channel: 'timer',
      type: 'escalate',
      because: 'nobody_on_call',
    });
  }

  /** Support hours go on for ever, and only a part of them is known here. */
  async function lookAhead(after: string): Promise<void> {
    if (state.urgencyChanges === undefined) return;
    const left = state.urgencyChanges.filter(({ at }) => Date.parse(at) > Date.parse(after));
    if (left.length > fewChanges) return;
    // Early runs asked for no more once they knew of none.
    if (left.length === 0 && !patched('looks-on-from-nothing')) return;
    const { organisationId, incidentId } = state;
    const more = await nextUrgencyChanges({ organisationId, incidentId, after: left.at(-1)?.at ?? after });
    state = { ...state, urgencyChanges: [...left, ...more] };
    // One that was open or over for long has known of none to wait for.
    if (left.length > 0 || state.lifecycle.status === 'resolved') return;
    if (state.lifecycle.pendingActions.some(({ type }) => type === 'urgency_change')) return;
    state = { ...state, lifecycle: armNextUrgency(state.lifecycle, state, after) };
    timers.follow(state.lifecycle.pendingActions, Date.now());
  }

  /** What recording brings about outside; the workflow goes on meanwhile, and ends after it. */
  function beginEffects(stored: Unstored[], asks = true): void {
    for (const { command, transition: recorded } of stored) {
      if (command.type === 'action' && isCarriedOut(command.action)) begin(carryOut(command.action));
      if (asks) beginPage(recorded);
      if (command.type === 'change_urgency') begin(lookAhead(command.dueAt));
      if (command.type === 'reopen') begin(lookAhead(recorded.at));
    }
  }

  function beginPage(asking: Asking): void {
    const wanted = pageOf(asking);
    // Incidents that began before people could be asked replay without it.
    if (wanted && patched('asks-people')) begin(pagePeople(asking, wanted));
  }

  function begin(effect: Promise<void>): void {
    effectsUnderWay += 1;
    void effect.catch(ignoreCancellation).finally(() => (effectsUnderWay -= 1));
  }

  /**
   * The read model is ahead: a task that stored something was lost, or an operator reset the workflow. What is stored
   * has been told to the world, so it stands; what came since is asked anew.
   */
  function adopt({ lifecycle, commandIds: storedIds, lastOccurrenceAt: lastAt, ...ahead }: Ahead): void {
    const again = unstored.splice(0);
    const escalationPolicy = ahead.escalationPolicy ?? state.escalationPolicy;
    state = { ...state, lifecycle, ...(escalationPolicy === undefined ? {} : { escalationPolicy }) };
    hearOf(lastAt);
    // Asked as it was stored, which may be at another place than here; a repeat asks nobody twice.
    for (const { assignees, ...asking } of ahead.asked ?? [])
      beginPage({ ...asking, lifecycle: { ...lifecycle, assignees } });
    beginEffects(
      again.filter(({ command }) => storedIds.includes(command.id)),
      ahead.asked === undefined,
    );
    for (const id of storedIds) remember(commandIds, id);
    timers.follow(lifecycle.pendingActions, Date.now());
    playDue();
    for (const entry of again) {
      const { command, cause } = entry;
      if (storedIds.includes(command.id)) continue;
      // Timers are played from the state.
      if (command.channel === 'timer' && !isStillNobody(entry)) continue;
      if (ahead.refused?.commandId === command.id) {
        overtaken.set(command.id, ahead.refused.code);
        continue;
      }
      const result = transition(state, command, now());
      if (result.accepted) apply(command, cause);
      else overtaken.set(command.id, result.code);
    }
  }

  /** A level that found nobody is still the one that was asked last: what handed it over was not stored. */
  function isStillNobody({ command, transition: lost }: Unstored): boolean {
    if (command.type !== 'escalate' || command.because !== 'nobody_on_call') return false;
    const { status, escalation } = state.lifecycle;
    if (status !== 'triggered' || !escalation || escalation.exhausted) return false;
    const result = transition(state, command, now());
    if (!result.accepted || result.transition.type !== lost.type) return false;
    const { level, cycle } = result.transition.details;
    return level === lost.details.level && cycle === lost.details.cycle;
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
  const escalate = (given: messages.EscalateInput) =>
    ({
      ...fromApi(given),
      type: 'escalate',
      ...((given?.level ?? null) === null ? {} : { level: given.level }),
    }) as const;
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
  for (const name of detailedMessages) {
    setHandler(messages.detailedUpdate(name), (given) => update([detailed(name, given)]), {
      validator: (given) => validate(detailed(name, given)),
    });
    // Merging changes other incidents too, in one transaction: it begins at the API.
    if (name !== 'merge') setHandler(messages.detailedSignal(name), (given) => signal(name, given));
  }
  setHandler(messages.acknowledgeSignal, (given) => signal('acknowledge', given));
  setHandler(messages.unacknowledgeSignal, (given) => signal('unacknowledge', given));
  setHandler(messages.escalateSignal, (given) => signal('escalate', given));
  setHandler(messages.resolveSignal, (given) => signal('resolve', given));
  setHandler(messages.changeSignal, (given) => signal('change', given));
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

  const closes = () =>
    (state.lifecycle.status === 'resolved' || handsOver()) && effectsUnderWay === 0 && allHandlersFinished();

  // Started again for the sake of a command: it comes with the first task, unless it is refused.
  if (input.resumed && state.lifecycle.status === 'resolved')
    await condition(() => unstored.length > 0, patienceWhenResolved);

  for (;;) {
    setCurrentDetails(incidentDetails(state, occurrences));
    await condition(() => unstored.length > 0 || closes());
    if (unstored.length > 0) {
      const batch = firstBatch(unstored);
      const { recordTransitions } = isForDurable(batch) ? durable : local;
      const ahead = await recordTransitions({
        organisationId: state.organisationId,
        incidentId: state.incidentId,
        transitions: batch.map((waiting) => waiting.transition),
      });
      if (ahead) adopt(ahead);
      else beginEffects(unstored.splice(0, batch.length));
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

function firstBatch(unstored: Unstored[]): Unstored[] {
  const batch = unstored.slice(0, recordedAtOnce);
  let characters = 0;
  const fitting = batch.findIndex((waiting) => {
    characters += JSON.stringify(waiting.transition).length;
    return characters > mostCharacters;
  });
  return fitting < 1 || !patched('bounds-what-it-stores') ? batch : batch.slice(0, fitting);
}

function isForDurable(batch: Unstored[]): boolean {
  if (batch.some(({ cause }) => cause === 'update')) return true;
  return batch.length > fewSignals && patched('stores-floods-durably');
}

function fromApi(given: messages.UpdateInput): Pick<Command, 'id' | 'agent' | 'channel'> {
  return { id: currentUpdateInfo()?.id ?? uuid4(), agent: given?.agent, channel: 'api' };
}

/** Throws what the message asks for when that cannot be. */
function detailed(name: DetailedMessage, given: messages.DetailedInput): Command {
  const details = detailReaders[name](given ?? {});
  if (typeof details === 'string') throw refusal('invalid_fields');
  return { ...fromApi(given), ...details } as Command;
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
