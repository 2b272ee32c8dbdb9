import { log } from '@temporalio/workflow';
import type { Command } from '../../domain/incident/command.ts';
import type { IncidentState } from '../../domain/incident/incident.ts';
import { commandOf, firstDue, waitForQuiet } from '../../domain/incident/pending-action.ts';
import { transition, type Transition } from '../../domain/incident/transition.ts';
import { refusal } from './refusal.ts';
import { createTimers } from './timers.ts';

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

/** A change that is not in the read model yet, with what asked for it. */
export interface Unstored {
  command: Command;
  transition: Transition;
  cause: Cause;
}

/** `recorded`: the history holds what asked for it. */
export type Cause = 'recorded' | 'update';

/** What one run of an incident's workflow knows, and how it comes to know more. */
export interface IncidentRun {
  state: IncidentState;
  occurrences: number;
  lastOccurrenceAt: string | null;
  /** The newest ones. */
  readonly commandIds: ReadonlySet<string>;
  readonly unstored: Unstored[];
  /** Commands that were accepted, and then lost to what the read model held already. */
  readonly overtaken: Map<string, string>;
  /** Throws a refusal. */
  apply(command: Command, cause?: Cause): void;
  /** Whatever comes in, what was due before it happens before it. */
  playDue(): void;
  /** Applies what cannot be refused, or drops it; a repeat does nothing. */
  hear(name: string, command: Command): void;
  /** Occurrences may be told of late and out of order. */
  hearOfOccurrence(at: string | null | undefined): void;
  remember(commandId: string): void;
  /** To be called after the pending actions changed other than by `apply`. */
  followTimers(): void;
}

const rememberedCommands = 1_000;

export function createIncidentRun({ state, resumed }: IncidentInput): IncidentRun {
  const commandIds = new Set(resumed?.commandIds ?? []);
  const run: IncidentRun = {
    state,
    occurrences: resumed?.occurrences ?? 1,
    lastOccurrenceAt: resumed?.lastOccurrenceAt ?? null,
    commandIds,
    unstored: [],
    overtaken: new Map(),

    apply(command, cause = 'recorded') {
      const result = transition(run.state, command, now());
      if (!result.accepted) throw refusal(result.code);
      run.state = result.state;
      run.unstored.push({ command, transition: result.transition, cause });
      run.remember(command.id);
      run.followTimers();
    },

    playDue() {
      for (;;) {
        const quieted = waitForQuiet(run.state, run.lastOccurrenceAt, now());
        if (quieted !== run.state) {
          run.state = quieted;
          run.followTimers();
        }
        const due = firstDue(run.state.lifecycle, now());
        if (!due) return;
        run.apply(commandOf(due, run.state));
      }
    },

    hear(name, command) {
      run.playDue();
      if (commandIds.has(command.id)) return;
      const result = transition(run.state, command, now());
      if (!result.accepted) return log.info('dropped a signal that came too late', { signal: name, code: result.code });
      run.apply(command);
    },

    hearOfOccurrence(at) {
      if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return;
      if (run.lastOccurrenceAt === null || Date.parse(at) > Date.parse(run.lastOccurrenceAt)) run.lastOccurrenceAt = at;
    },

    remember(commandId) {
      commandIds.add(commandId);
      if (commandIds.size > rememberedCommands) commandIds.delete(commandIds.values().next().value ?? '');
    },

    followTimers() {
      timers.follow(run.state.lifecycle.pendingActions, Date.now());
    },
  };
  const timers = createTimers(run.playDue);
  return run;
}

export function now(): string {
  return new Date(Date.now()).toISOString();
}
