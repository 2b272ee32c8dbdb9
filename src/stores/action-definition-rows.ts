import { redacted, type ActionSettings, type KnownAction, type SettledAction } from '../domain/action/action-draft.ts';
import type { ActionType } from '../domain/incident/log-entry.ts';
import type { Sealer } from './sealed.ts';

/** A row of `action_definitions`: one thing to run. */
export interface DefinitionRow {
  id: string;
  actionId: string;
  type: ActionType;
  settings: ActionSettings[];
  /** {name: value} as JSON, sealed with the row's id. */
  headers: Uint8Array | null;
  digest: Uint8Array;
}

/** The settings as they are stored and shown. */
export function shownSettings({ id, values, headers }: SettledAction['settings'][number]): ActionSettings {
  if (headers === null) return { id, ...values };
  return { id, ...values, headers: Object.fromEntries(Object.keys(headers).map((name) => [name, redacted])) };
}

/**
 * Equal, in hexadecimal, for what does the same: ids and the order of members do not matter, header values do. Keyed,
 * because the value of a header may be easy to guess.
 */
export function digestOf(type: ActionType, settings: SettledAction['settings'], sealer: Sealer): string {
  const bare = settings.map(({ values, headers }) => ({
    ...values,
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
  }));
  return sealer.digest(canonical({ type, settings: bare })).toString('hex');
}

/** True when storing `wanted` would change nothing in the row but its place. */
export function isSame(
  row: DefinitionRow,
  wanted: { digest: string; actionId: string; settings: SettledAction['settings'] },
): boolean {
  return (
    row.actionId === wanted.actionId &&
    Buffer.from(row.digest).toString('hex') === wanted.digest &&
    canonical(row.settings) === canonical(wanted.settings.map(shownSettings))
  );
}

/** Rows as actions; of rows with the same settings' id the first counts. */
export function knownActions(rows: readonly DefinitionRow[], sealer: Sealer): KnownAction[] {
  const actions = new Map<string, KnownAction>();
  for (const row of rows) {
    const action = actions.get(row.actionId) ?? { id: row.actionId, settings: [] };
    const headers = openedHeaders(row, sealer);
    const settings = row.settings.map(({ id, headers: shown, ...values }) => {
      void shown;
      return { id: id ?? null, values, headers };
    });
    actions.set(row.actionId, { ...action, settings: [...action.settings, ...settings] });
  }
  return [...actions.values()];
}

/** Null also when another SECRET_KEY sealed them: the values are lost, and whoever replaces them is asked for new ones. */
function openedHeaders({ headers, id }: DefinitionRow, sealer: Sealer): Record<string, string> | null {
  if (headers === null) return null;
  try {
    return JSON.parse(sealer.open(headers, id)) as Record<string, string>;
  } catch {
    return null;
  }
}

/** JSON with members in the order of their names. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const sorted = members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
