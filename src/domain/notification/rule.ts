import { type Urgency, urgencies } from '../incident/incident.ts';

/** When a member wants to hear through a contact method: `delay` seconds after being asked. */
export interface NotificationRule {
  urgency: Urgency;
  delay: number;
  contactMethodId: string;
}

export const mostRules = 30;
/** A day. */
export const longestRuleDelay = 86_400;

/** What a member gets who has said nothing yet: everything at once. */
export function defaultRules(contactMethodId: string): NotificationRule[] {
  return urgencies.map((urgency) => ({ urgency, delay: 0, contactMethodId }));
}

/** The places of rules that say what an earlier one says, each with the place of that one. */
export function repeatedRules(rules: NotificationRule[]): { index: number; first: number }[] {
  const seen = new Map<string, number>();
  return rules.flatMap(({ urgency, delay, contactMethodId }, index) => {
    const said = `${urgency} ${delay} ${contactMethodId}`;
    const first = seen.get(said);
    if (first === undefined) seen.set(said, index);
    return first === undefined ? [] : [{ index, first }];
  });
}
