import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { IncidentState } from '../../domain/incident/incident.ts';
import type { Action, Agent } from '../../domain/incident/log-entry.ts';
import type { IncidentChanges } from '../../domain/incident/command.ts';

/** What API callers send with every update. The command's id is the update's id. */
export interface UpdateInput {
  agent: Agent;
}
/** Beyond the agent, the fields of the command it names; those of `detailReaders` in snake_case. */
export type NamedInput = UpdateInput & Record<string, unknown>;

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

/**
 * The problem is over: an occurrence made the conditions of the state-change ruleset false that opened the incident, or
 * the sender said so through the webhook. One of the two is there.
 */
export interface ClearedInput {
  eventId: string;
  ruleset?: { id: string; name: string };
  webhook?: { id: string; name: string };
}

/** The sender said that somebody sees to the problem. */
export interface AcknowledgedInput {
  eventId: string;
  webhook: { id: string; name: string };
}

export const changeUpdate = defineUpdate<UpdateResult, [ChangeInput]>('change');

/** Every other one. */
export const namedUpdate = (name: string) => defineUpdate<UpdateResult, [NamedInput]>(name);

/** Of any of the names; what it holds is read by whoever hears it. */
export const namedSignal = (name: string) => defineSignal<[SignalInput?]>(name);

export const stateQuery = defineQuery<IncidentState>('state');
