import type { Assignee, Urgency } from '../incident/incident.ts';

export const ruleTypes = ['webhook', 'state-change'] as const;
export type RuleType = (typeof ruleTypes)[number];

export const rulesetLevels = ['team', 'organisation'] as const;
/** Whose list shows it; both levels see every event of the organisation. */
export type RulesetLevel = (typeof rulesetLevels)[number];

/**
 * One test of an occurrence. `values` is any-of. Type and operator are plain text until `validateRuleset` has seen
 * them, so that a draft can carry what somebody mistyped.
 */
export interface Condition {
  type: string;
  key: string;
  operator: string;
  values: string[];
}

/** What a caller asks for. Timeouts are seconds; null switches that timer off. */
export interface RulesetDraft {
  ruleType: RuleType;
  conditions: Condition[];
  level: RulesetLevel;
  /** The team that owns the incidents it opens. */
  teamId: string;
  name: string;
  description: string;
  urgency: Urgency;
  /** Empty: the team. */
  assignees: Assignee[];
  /** Null: events of every webhook of the organisation. */
  webhookId: string | null;
  enabled: boolean;
  acknowledgementTimeout: number | null;
  autoResolveTimeout: number | null;
}

export interface Ruleset extends RulesetDraft {
  id: string;
  organisationId: string;
  /** Counted per organisation; the integer id of dialects that want one. */
  number: number;
  /** Counts its changes; incidents remember which version opened them. */
  version: number;
  createdAt: string;
}
