import { mostReferences, type Reference } from '../stores/references.ts';
import { DetailedRefusal } from './errors.ts';
import { messageOf } from './fields.ts';

/** The answer to a DELETE. */
export const deletion = messageOf('The team was deleted.');

/** Why something cannot go: the problem lists, as `references`, what has to go or change first. */
export function stillReferenced(what: string, references: Reference[]): DetailedRefusal {
  const kinds = [...new Set(references.map(({ type }) => type))].map((type) => {
    const count = references.filter((reference) => reference.type === type).length;
    return `${count} ${words[type][count === 1 ? 0 : 1]}`;
  });
  const more = references.length >= mostReferences ? ', and maybe more' : '';
  return new DetailedRefusal('still_referenced', `Still referring to this ${what}: ${kinds.join(', ')}${more}.`, {
    members: { references: references.map(({ type, id, name }) => ({ type, id, name })) },
  });
}

const words: Record<Reference['type'], [one: string, several: string]> = {
  organisation: ['organisation, whose default team it is', 'organisations'],
  member: ['member', 'members'],
  ruleset: ['ruleset', 'rulesets'],
  incident: ['open incident', 'open incidents'],
  schedule_entry: ['schedule entry', 'schedule entries'],
  override: ['override', 'overrides'],
  escalation_policy: ['escalation policy', 'escalation policies'],
  notification_rule: ['notification rule', 'notification rules'],
  subscription: ['subscription', 'subscriptions'],
  webhook: ['webhook', 'webhooks'],
  api_key: ['API key', 'API keys'],
};
