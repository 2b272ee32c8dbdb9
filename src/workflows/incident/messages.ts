import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { IncidentState } from '../../domain/incident/incident.ts';
import type { Action, Agent } from '../../domain/incident/log-entry.ts';
import type { IncidentChanges } from '../../domain/incident/command.ts';

/** What API callers send with every update. The command's id is the update's id. */
export interface UpdateInput {
  agent: Agent;
}
export interface ResolveInput extends UpdateInput {
  resolution: string | null;
  rootCause: string | null;
}
export interface EscalateInput extends UpdateInput {
  /** Counted from 1; without one the next. */
  level?: number | null;
}
/** Beyond the agent, the fields in snake_case that `detailReaders` read. */
export type DetailedInput = UpdateInput & Record<string, unknown>;
export interface ActionInput extends UpdateInput {
  action: Action;
}

/** Several things in one: all of them happen, in this order, or none. Actions that ran already are left out. */
export interface ChangeInput extends UpdateInput {
  changes: IncidentChanges | null;
  priority?: { to: string | null } | null;
  actions: Action[];
  status: 'acknowledge' | 'unacknowledge' | 'resolve' | null;
}

/** The stored transition an update made. */
export interface UpdateResult {
  sequence: number;
}

/**
 * What operators (Temporal UI, CLI) and machines send as signals; every field is optional, and so is the object.
 * `id` makes a repeat harmless, `by` is the name the log shows.
 */
export interface SignalInput {
  id?: string;
  by?: string;
  resolution?: string;
  root_cause?: string;
  type?: string;
  subscription_id?: string;
  level?: number;
}

export interface JoinedInput {
  /** Occurrences in all, so that a repeated or overtaken signal does no harm. */
  count: number;
  lastAt: string;
}

/** An occurrence made the conditions of the state-change ruleset false that opened the incident. */
export interface ClearedInput {
  eventId: string;
  ruleset: { id: string; name: string };
}

export const acknowledgeUpdate = defineUpdate<UpdateResult, [UpdateInput]>('acknowledge');
export const unacknowledgeUpdate = defineUpdate<UpdateResult, [UpdateInput]>('unacknowledge');
export const escalateUpdate = defineUpdate<UpdateResult, [EscalateInput]>('escalate');
export const resolveUpdate = defineUpdate<UpdateResult, [ResolveInput]>('resolve');
export const actionUpdate = defineUpdate<UpdateResult, [ActionInput]>('action');
export const changeUpdate = defineUpdate<UpdateResult, [ChangeInput]>('change');

export const detailedUpdate = (name: string) => defineUpdate<UpdateResult, [DetailedInput]>(name);

export const acknowledgeSignal = defineSignal<[SignalInput?]>('acknowledge');
export const unacknowledgeSignal = defineSignal<[SignalInput?]>('unacknowledge');
export const escalateSignal = defineSignal<[SignalInput?]>('escalate');
export const resolveSignal = defineSignal<[SignalInput?]>('resolve');
export const changeSignal = defineSignal<[SignalInput?]>('change');
export const actionSignal = defineSignal<[SignalInput?]>('action');
export const detailedSignal = (name: string) => defineSignal<[SignalInput?]>(name);
export const joinedSignal = defineSignal<[JoinedInput]>('joined');
export const clearedSignal = defineSignal<[ClearedInput]>('cleared');

export const stateQuery = defineQuery<IncidentState>('state');
