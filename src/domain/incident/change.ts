import type { PolicySnapshot } from '../escalation/policy.ts';
import type { Command } from './command.ts';
import type { Lifecycle } from './incident.ts';
import type { TransitionType } from './log-entry.ts';

/** What a command comes to: the line in the log, and the incident after it. */
export interface Change {
  type: TransitionType;
  lifecycle: Lifecycle;
  details?: Record<string, unknown>;
  policy?: PolicySnapshot;
}

export type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>;
