import type { FieldError } from '../error-code.ts';
import { assigneeTypes, longestTimeout, urgencies } from '../incident/incident.ts';
import { conditionTypes } from './condition.ts';
import { operators } from './operators.ts';
import {
  longestDescription,
  longestLabel,
  longestName,
  type RulesetDraft,
  rulesetLevels,
  ruleTypes,
} from './ruleset.ts';
import { parseRulesetTemplate } from './ruleset-template.ts';
import { oneOf, type Report, text, validateConditions } from './validate-conditions.ts';

export const mostAssignees = 50;

/** Everything that is wrong with a draft, all at once; empty when it can be saved. Fields carry their API names. */
export function validateRuleset(draft: RulesetDraft): FieldError[] {
  const errors: FieldError[] = [];
  const report = (field: string, message: string | null) => {
    if (message !== null) errors.push({ field, message });
  };

  report('rule_type', oneOf(draft.ruleType, ruleTypes));
  report('level', oneOf(draft.level, rulesetLevels));
  report('name', draft.name.trim() === '' ? 'must not be blank' : template(draft.name, longestName));
  report('description', template(draft.description, longestDescription));
  report(
    'incident_key',
    optional(draft.incidentKey, (key) => template(key, longestName)),
  );
  report('urgency', oneOf(draft.urgency, urgencies));
  report(
    'severity',
    optional(draft.severity, (severity) => text(severity, longestLabel)),
  );
  report(
    'priority',
    optional(draft.priority, (priority) => text(priority, longestLabel)),
  );
  report('acknowledgement_timeout', timeout(draft.acknowledgementTimeout));
  report('auto_resolve_timeout', timeout(draft.autoResolveTimeout));
  report('quiet_resolve', timeout(draft.quietResolve));
  validateAssignees(draft, report);
  validateConditions(draft.conditions, report);
  if (draft.ruleType === 'state-change' && !draft.conditions.some(canFail))
    report(
      'conditions',
      'must hold a json-check or text-check that can become false: tags and metadata only select events, so that nothing would ever resolve an incident. Add one, or use the rule_type webhook',
    );
  return errors;
}

/** True unless an occurrence that it lets through always meets it. Unknown types and operators are reported elsewhere. */
function canFail({ type, operator }: RulesetDraft['conditions'][number]): boolean {
  if (type === 'text-check') return operators.get(operator)?.values !== 'none';
  return conditionTypes.get(type)?.role !== 'selection';
}

function validateAssignees({ assignees }: RulesetDraft, report: Report): void {
  if (assignees.length > mostAssignees) return report('assignees', `must be at most ${mostAssignees}`);
  const seen = new Set<string>();
  for (const [index, { type, id }] of assignees.entries()) {
    report(`assignees[${index}].type`, oneOf(type, assigneeTypes));
    if (seen.has(`${type} ${id}`)) report(`assignees[${index}]`, 'is there already');
    seen.add(`${type} ${id}`);
  }
}

function template(value: string, longest: number): string | null {
  const unfit = text(value, longest);
  if (unfit !== null) return unfit;
  const parsed = parseRulesetTemplate(value);
  return 'error' in parsed ? `must be a template: ${parsed.error}` : null;
}

function optional(value: string | null, check: (value: string) => string | null): string | null {
  if (value === null) return null;
  return value.trim() === '' ? 'must not be blank' : check(value);
}

function timeout(seconds: number | null): string | null {
  if (seconds === null || (Number.isInteger(seconds) && seconds >= 1 && seconds <= longestTimeout)) return null;
  return `must be null or a whole number of seconds from 1 to ${longestTimeout}`;
}
