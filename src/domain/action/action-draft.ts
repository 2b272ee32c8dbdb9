import type { ActionType } from '../incident/log-entry.ts';

/** One thing to run, as the API shows it and as it is stored: by type a component, or one place to call. */
export interface ActionSettings {
  /** Absent in those of earlier releases. */
  id?: string;
  status_page_id?: string;
  component_id?: string;
  url?: string;
  /** An inbound webhook of the organisation. */
  webhook_id?: string;
  subscription_id?: string;
  /** Each value is `redacted`: the true ones are sealed. */
  headers?: Record<string, string>;
  /** A template; absent: the standard payload. */
  body?: unknown;
}

/** Stands for a header's value that is not shown. */
export const redacted = '<redacted>';

/** An action as its caller gave it, sound in itself. `field` is where it stood in the request (`actions[0]`). */
export interface ActionDraft {
  field: string;
  /** Null: a new one. */
  id: string | null;
  type: ActionType;
  settings: SettingsDraft[];
}

export interface SettingsDraft {
  field: string;
  id: string | null;
  values: Omit<ActionSettings, 'id' | 'headers'>;
  /** As given: a value may be `redacted`. Null: none. */
  headers: Record<string, string> | null;
}

/** An action that stands, with the true values of its headers. */
export interface KnownAction {
  id: string;
  settings: KnownSettings[];
}

export interface KnownSettings {
  id: string | null;
  values: Omit<ActionSettings, 'id' | 'headers'>;
  headers: Record<string, string> | null;
}

/** An action with all its ids, and the true values of its headers. */
export interface SettledAction {
  id: string;
  type: ActionType;
  settings: (KnownSettings & { id: string })[];
}

/** What is run by itself: each settings of an action, but alerting, whose settings have no effect, once. */
export function runsOf({ type, settings }: SettledAction): SettledAction['settings'][] {
  return type === 'trigger-alerts' ? [settings] : settings.map((one) => [one]);
}

export function subscriptionOf(settings: readonly { values: { subscription_id?: string } }[]): string | null {
  return settings[0]?.values.subscription_id ?? null;
}
