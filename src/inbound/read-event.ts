import { type ParseFailure, parseJson } from '../domain/json/parse-json.ts';
import { missing } from '../domain/json/path.ts';
import type { Subject } from '../domain/ruleset/condition.ts';
import { mintedKey } from './incident-key.ts';
import type { Occurrence, OccurrenceAction, Source, SourceOpening } from './source.ts';

/** One request as a webhook received it. */
export interface RawEvent {
  id: string;
  webhookId: string;
  webhookName: string;
  receivedAt: string;
  body: Uint8Array;
  contentType: string | null;
  ip: string;
  /** Names in lower case. */
  headers: Record<string, unknown>;
  /** Of the request and of the webhook. */
  tags: string[];
}

/** An occurrence as conditions and templates see it. */
export interface ReadOccurrence {
  subject: Subject;
  action: OccurrenceAction;
  /** The sender's name for the problem. One that could open an incident has a name in any case. */
  dedupKey: string | null;
  opening: SourceOpening | null;
}

export interface ReadEvent {
  /** At the places that `Match.occurrence` counts. */
  occurrences: ReadOccurrence[];
  /** Why the body is no JSON. It is one occurrence even so: its text, tags and metadata can be looked at. */
  reason: ParseFailure | null;
  /** How many there are beyond the first `mostOccurrences`, which are all that is looked at. */
  left: number;
}

/** Each may be an incident of its own, and all are stored in one transaction. */
export const mostOccurrences = 1_000;

export function readEvent(event: RawEvent, source: Source): ReadEvent {
  const parsed = parseJson(event.body);
  const payload = 'reason' in parsed ? missing : parsed.value;
  const unread: Occurrence = { action: 'trigger', alert: missing, dedupKey: null, labels: {}, opening: null };
  const occurrences = 'reason' in parsed ? [unread] : source.read(payload);

  const { id, webhookId, webhookName, ip, contentType, headers, receivedAt } = event;
  const metadata = { webhookId, webhookName, ip, contentType, headers, receivedAt };
  let decoded: string | undefined;
  const text = () => (decoded ??= new TextDecoder('utf-8').decode(event.body));
  return {
    occurrences: occurrences.slice(0, mostOccurrences).map(({ action, alert, dedupKey, labels, opening }, index) => {
      const tags = [...event.tags, ...Object.entries(labels).map(([name, value]) => `${name}:${value}`)];
      const name = dedupKey ?? (opening === null ? null : mintedKey(id, index));
      return { subject: { payload, alert, text, tags, metadata }, action, dedupKey: name, opening };
    }),
    reason: 'reason' in parsed ? parsed.reason : null,
    left: Math.max(0, occurrences.length - mostOccurrences),
  };
}
