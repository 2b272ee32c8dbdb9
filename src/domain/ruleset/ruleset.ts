import type { Assignee, Urgency } from '../incident/incident.ts';
import type { ActionType } from '../incident/log-entry.ts';
import type { SupportHours } from '../schedule/support-hours.ts';

export const ruleTypes = ['webhook', 'state-change'] as const;
export type RuleType = (typeof ruleTypes)[number];

export const rulesetLevels = ['team', 'organisation'] as const;
/** Whose list shows it; both levels see every event of the organisation. */
export type RulesetLevel = (typeof rulesetLevels)[number];

export const longestName = 255;
export const longestDescription = 15_000;
/** Of a severity or priority. */
export const longestLabel = 64;

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
  /** Templates of the incident's (domain/template), as is `incidentKey`. */
  name: string;
  description: string;
  /** Null: the source's own key, else one for all. */
  incidentKey: string | null;
  urgency: Urgency;
  /** In the words of the organisation, such as `SEV1` and `P2`. */
  severity: string | null;
  priority: string | null;
  /** Empty: the team. */
  assignees: Assignee[];
  /** Null: events of every webhook of the organisation. */
  webhookId: string | null;
  enabled: boolean;
  acknowledgementTimeout: number | null;
  autoResolveTimeout: number | null;
  /** After so long without a matching occurrence the incident resolves. */
  quietResolve: number | null;
  /** Whom its incidents ask one after the other; instead of `assignees`. */
  escalationPolicyId: string | null;
  /** What the urgency is at which hours; instead of `urgency`. */
  supportHours: SupportHours | null;
}

/** Something a ruleset runs when it fires: a stored definition. */
export interface RulesetAction {
  definitionId: string;
  type: ActionType;
  subscriptionId: string | null;
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

/** With what evaluation needs besides. */
export interface FiringRuleset extends Ruleset {
  actions: RulesetAction[];
}
