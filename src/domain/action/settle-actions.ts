import type { FieldError } from '../error-code.ts';
import {
  redacted,
  type ActionDraft,
  type KnownAction,
  type KnownSettings,
  type SettingsDraft,
  type SettledAction,
} from './action-draft.ts';

/**
 * Gives drafts their ids and header values. An id that is given must be known to the `owner`; a ruleset has each once,
 * an incident may run an action again. `newId` makes the others, from the place they are for. A value that is redacted is the stored one: of the same action and settings,
 * and only while they call the same origin, or whoever may write actions could have the secret sent to himself.
 */
export function settleActions(
  drafts: ActionDraft[],
  known: KnownAction[],
  owner: 'ruleset' | 'incident',
  newId: (place: string) => string,
): { actions: SettledAction[]; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  const actions = drafts.map((draft, index) => {
    const stands = draft.id === null ? undefined : find(known, draft.id, draft.field, `an action of this ${owner}`);
    const settings = draft.settings.map((one, at) => {
      const before = one.id === null ? undefined : find(stands?.settings ?? [], one.id, one.field, 'of this action');
      return {
        id: one.id ?? newId(`settings ${index}.${at}`),
        values: one.values,
        headers: one.headers && headersOf(one, one.headers, before),
      };
    });
    return { id: draft.id ?? newId(`action ${index}`), type: draft.type, settings };
  });
  return { actions, errors };

  function find<Row extends { id: string | null }>(rows: Row[], id: string, place: string, what: string) {
    const field = place === '' ? 'id' : `${place}.id`;
    const found = rows.find((row) => row.id === id);
    if (!found) errors.push({ field, message: `is not ${what}` });
    else if (owner === 'ruleset' && taken.has(id)) errors.push({ field, message: 'is given twice' });
    taken.add(id);
    return found;
  }

  function headersOf({ field, values }: SettingsDraft, given: Record<string, string>, before?: KnownSettings) {
    const stored = new Map(Object.entries(before?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    const isSameOrigin = before?.values.url !== undefined && originOf(before.values.url) === originOf(values.url ?? '');
    const entries = Object.entries(given).map(([name, value]) => {
      if (value !== redacted) return [name, value];
      const kept = stored.get(name.toLowerCase());
      if (kept === undefined)
        errors.push({ field: `${field}.headers.${name}`, message: 'has no stored value: give the true one' });
      else if (!isSameOrigin)
        errors.push({
          field: `${field}.headers.${name}`,
          message: 'must be given anew, since it goes to another origin',
        });
      return [name, kept ?? ''];
    });
    return Object.fromEntries(entries) as Record<string, string>;
  }
}

/** Scheme, host and port as written: what differs only in spelling asks for the value once more. */
function originOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0].toLowerCase() ?? '';
}
