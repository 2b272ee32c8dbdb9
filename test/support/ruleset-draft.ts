import type { RulesetDraft } from '../../src/domain/ruleset/ruleset.ts';

/** A valid draft that matches every event; give what the test is about. */
export function rulesetDraft(given: Partial<RulesetDraft> & { teamId: string }): RulesetDraft {
  return {
    ruleType: 'webhook',
    conditions: [],
    level: 'team',
    name: 'Checkout is failing',
    description: 'The probe reports errors.',
    urgency: 'high',
    assignees: [],
    webhookId: null,
    enabled: true,
    acknowledgementTimeout: 1_800,
    autoResolveTimeout: 14_400,
    incidentKey: null,
    severity: null,
    priority: null,
    quietResolve: null,
    escalationPolicyId: null,
    supportHours: null,
    ...given,
  };
}
