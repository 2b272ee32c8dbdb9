import { isPlainObject } from '../domain/json/path.ts';
import type { ActionRun } from '../stores/action-runs.ts';

/** What a run is to do. A body that is null or undefined: the payload of the standard dialect. */
export type ActionTask =
  | { kind: 'status-page'; statusPageId: string; componentId: string }
  | { kind: 'request'; url: string; body: unknown }
  | { kind: 'webhook'; webhookId: string; body: unknown };

/** Reads the settings of a run; null for what this release does not understand. */
export function taskOf({ type, settings }: Pick<ActionRun, 'type' | 'settings'>): ActionTask | null {
  if (!isPlainObject(settings)) return null;
  const { status_page_id: statusPageId, component_id: componentId, url, webhook_id: webhookId, body } = settings;
  switch (type) {
    case 'trigger-statuspage-update':
      if (typeof statusPageId !== 'string' || typeof componentId !== 'string') return null;
      return { kind: 'status-page', statusPageId, componentId };
    case 'trigger-webhook':
      if (typeof url === 'string') return { kind: 'request', url, body };
      return typeof webhookId === 'string' ? { kind: 'webhook', webhookId, body } : null;
    default:
      return null;
  }
}
