import { createHash } from 'node:crypto';
import type { CompiledRuleset } from '../domain/ruleset/compile-ruleset.ts';
import type { RulesetDraft } from '../domain/ruleset/ruleset.ts';
import { renderFor } from '../domain/ruleset/ruleset-template.ts';
import { cut } from '../domain/template/template.ts';
import type { ReadOccurrence } from './read-event.ts';

/** The key of incidents whose occurrences name none: one constant, so that each ruleset has one open at a time. */
export const defaultIncidentKey = 'default';

/** What an index takes easily, and people can still read. */
export const longestIncidentKey = 255;
/** Keys that agree on this much are the same. */
const longestCompared = 65_536;
const digestLength = 32;

/** Under which name the occurrence's problem is remembered: the ruleset's template, else the sender's own, else one for all. */
export function incidentKeyOf(
  { incidentKey }: Pick<CompiledRuleset<RulesetDraft>, 'incidentKey'>,
  { subject, dedupKey }: ReadOccurrence,
): string {
  const rendered = incidentKey === null ? '' : renderFor(incidentKey, subject, longestCompared);
  return rendered.trim() === '' ? (dedupKey ?? defaultIncidentKey) : shorten(rendered);
}

/**
 * The name of a problem that its sender gave none: the event's id, and which of its occurrences it was after the first.
 * PagerDuty's senders are told it, and may resolve by it.
 */
export function mintedKey(eventId: string, occurrence = 0): string {
  const key = eventId.replaceAll('-', '');
  return occurrence === 0 ? key : `${key}-${occurrence}`;
}

/** At most 255 characters; long keys that differ only at their ends still differ. */
export function shorten(key: string): string {
  if (key.length <= longestIncidentKey) return key;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, digestLength);
  return `${cut(key, longestIncidentKey - digestLength - 1)}~${digest}`;
}
