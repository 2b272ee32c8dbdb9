import type { Assignee } from '../incident/incident.ts';

/** `everyone`: all targets of the level; `round_robin`: one, each incident the next one. */
export const assignModes = ['everyone', 'round_robin'] as const;
export type AssignMode = (typeof assignModes)[number];

export interface EscalationLevel {
  /** Seconds until the next level is asked. */
  delay: number;
  targets: Assignee[];
  assign: AssignMode;
}

export const mostLevels = 20;
export const mostTargets = 10;
export const shortestDelay = 1;
/** A week. */
export const longestDelay = 604_800;
export const mostRepeats = 9;

/** A policy as an incident keeps it: later edits do not touch what has begun. */
export interface PolicySnapshot {
  id: string;
  /** Counts the policy's changes. */
  version: number;
  name: string;
  levels: EscalationLevel[];
  /** How often it begins again after its last level. */
  repeat: number;
  /** Where it begins again, counted from 1. */
  repeatFromLevel: number;
  /** Counts the incidents that were given the policy: whose turn it is at a `round_robin` level. */
  turn: number;
}

/** Where an incident stands in its policy. */
export interface Position {
  /** Counted from 1. */
  level: number;
  /** Repeats begun so far. */
  cycle: number;
}

export const firstPosition: Position = { level: 1, cycle: 0 };

/** Where to go when nobody answers in time; null: there is nobody left to ask. */
export function nextPosition({ levels, repeat, repeatFromLevel }: PolicySnapshot, at: Position): Position | null {
  if (at.level < levels.length) return { level: at.level + 1, cycle: at.cycle };
  return at.cycle < repeat ? { level: repeatFromLevel, cycle: at.cycle + 1 } : null;
}

/** Whom a level asks. Empty when the policy has no such level. */
export function targetsAt({ levels, turn }: PolicySnapshot, { level, cycle }: Position): Assignee[] {
  const { targets = [], assign = 'everyone' } = levels[level - 1] ?? {};
  if (assign === 'everyone' || targets.length === 0) return targets;
  // Repeated, it is the next one's turn.
  return [targets[(turn + cycle) % targets.length]!];
}

export function delayAt({ levels }: PolicySnapshot, { level }: Position): number {
  return levels[level - 1]?.delay ?? 0;
}
