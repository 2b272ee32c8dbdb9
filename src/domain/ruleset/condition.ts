import { isStorable } from '../json/storable.ts';
import { missing, parsePath, valueAt } from '../json/path.ts';
import { textOf } from '../json/scalar.ts';

/** What conditions and templates look at. */
export interface Subject {
  /** The whole event; `missing` when its body is not JSON. */
  payload: unknown;
  /** The one alert of it that this occurrence is; `missing` likewise. */
  alert: unknown;
  /** The body as text: what is not UTF-8 in it becomes U+FFFD. Decoded when it is first asked for. */
  text(): string;
  /** `name` or `name:value` each. */
  tags: string[];
  metadata: Metadata;
}

export interface Metadata {
  /** Null: no webhook brought it. */
  webhookId: string | null;
  webhookName: string | null;
  ip: string;
  contentType: string | null;
  /** Names in lower case. */
  headers: Record<string, unknown>;
  receivedAt: string;
  /** The key that reported an incident by API; absent of what a webhook received. */
  apiKey?: { id: string; name: string };
}

/** Finds a condition's value, or `missing` (domain/json/path.ts). */
export type Reader = (subject: Subject) => unknown;

export interface ConditionType {
  /**
   * `evidence`: says whether the problem is there. `selection`: only says which events a state-change ruleset looks
   * at, so that the one which fits no more does not end what another one began.
   */
  role: 'evidence' | 'selection';
  /** Its reader may find a list, of which an operator looks at each. */
  several: boolean;
  /** A reader for this key, or what is wrong with the key. */
  compileKey(key: string): { read: Reader } | { error: string };
}

/** The kinds of condition by name; each says where its value comes from, the operators do the rest. */
export const conditionTypes: ReadonlyMap<string, ConditionType> = new Map<string, ConditionType>([
  ['json-check', { role: 'evidence', several: false, compileKey: compileJsonPath }],
  ['text-check', { role: 'evidence', several: false, compileKey: compileTextKey }],
  ['tag-check', { role: 'selection', several: true, compileKey: compileTagName }],
  ['metadata-check', { role: 'selection', several: true, compileKey: compileMetadataKey }],
]);

/** The key of a tag-check that looks at all tags, each as a whole. */
export const everyTag = '*';
/** The value of a tag that is a name alone. */
const bareTagValue = 'true';
const longestKey = 255;

function compileJsonPath(key: string): { read: Reader } | { error: string } {
  const parsed = parsePath(key);
  if ('error' in parsed) return parsed;
  const { path } = parsed;
  return { read: ({ payload }) => valueAt(payload, path) };
}

function compileTextKey(key: string): { read: Reader } | { error: string } {
  if (key !== '' && key !== 'body') return { error: 'must be empty or body: a text-check looks at the whole body' };
  return { read: (subject) => subject.text() };
}

function compileTagName(key: string): { read: Reader } | { error: string } {
  if (key === '') return { error: `must be the name of a tag, or ${everyTag} for all tags` };
  if (key.length > longestKey) return { error: `must be at most ${longestKey} characters long` };
  if (!isStorable(key)) return { error: 'must not contain NUL or unpaired surrogates' };
  if (key.includes(':')) return { error: 'must be the name of a tag, which ends before its ":"' };
  return { read: ({ tags }) => oneOrMore(key === everyTag ? tags : tags.flatMap((tag) => tagValue(tag, key))) };
}

function tagValue(tag: string, name: string): string[] {
  if (tag === name) return [bareTagValue];
  return tag.startsWith(`${name}:`) ? [tag.slice(name.length + 1)] : [];
}

function oneOrMore(values: string[]): unknown {
  return values.length > 0 ? values : missing;
}

/** The key of a metadata-check that asks for incidents made by API. */
export const apiKeyCheck = 'api_key';

const metadataReaders: ReadonlyMap<string, (metadata: Metadata) => unknown> = new Map<
  string,
  (metadata: Metadata) => unknown
>([
  ['webhook_id', ({ webhookId }: Metadata) => webhookId ?? missing],
  ['webhook_name', ({ webhookName }: Metadata) => webhookName ?? missing],
  ['ip', ({ ip }: Metadata) => ip],
  ['content_type', ({ contentType }: Metadata) => contentType ?? missing],
  // By its id or its name.
  [apiKeyCheck, ({ apiKey }: Metadata) => (apiKey ? [apiKey.id, apiKey.name] : missing)],
]);

/** A field name of HTTP (RFC 9110), in any case. */
const headerKey = /^header\.([!#$%&'*+.^_`|~0-9a-z-]+)$/i;

function compileMetadataKey(key: string): { read: Reader } | { error: string } {
  const read = metadataReaders.get(key);
  if (read) return { read: ({ metadata }) => read(metadata) };
  const header = key.length <= longestKey ? headerKey.exec(key)?.[1]?.toLowerCase() : undefined;
  if (header === undefined)
    return { error: `must be one of ${[...metadataReaders.keys()].join(', ')}, or header. and the name of a header` };
  return {
    read: ({ metadata: { headers } }) =>
      Object.hasOwn(headers, header) ? (textOf(headers[header]) ?? missing) : missing,
  };
}
