import type { Assignee } from '../incident/incident.ts';
import type { CompiledRuleset } from './compile-ruleset.ts';
import type { Subject } from './condition.ts';
import { decide } from './evaluate.ts';
import type { RulesetAction } from './ruleset.ts';

/** More than these add nothing: what an incident starts with has to fit into its workflow. */
export const mostOffers = 20;

/** What rulesets add to an incident that an API key reported. */
export interface Offer {
  /** Those whose conditions hold, in their order, `mostOffers` at most. */
  rulesets: { id: string; name: string }[];
  actions: RulesetAction[];
  /** Each once. */
  assignees: Assignee[];
}

/** Shows an incident to rulesets that ask for it. None of them opens another: the incident is there. Yields after each condition. */
export function* offer(rulesets: CompiledRuleset[], subject: Subject): Generator<undefined, Offer> {
  const found: Offer = { rulesets: [], actions: [], assignees: [] };
  const known = new Set<string>();
  for (const compiled of rulesets) {
    if ((yield* decide(compiled, subject)) !== 'holds') continue;
    if (found.rulesets.length === mostOffers) break;
    const { id, name, actions, assignees } = compiled.ruleset;
    found.rulesets.push({ id, name });
    found.actions.push(...actions);
    for (const assignee of assignees) {
      const key = `${assignee.type} ${assignee.id.toLowerCase()}`;
      if (!known.has(key)) found.assignees.push(assignee);
      known.add(key);
    }
  }
  return found;
}
