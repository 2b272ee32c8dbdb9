import type { SourceAction } from '../stores/decisions.ts';

/** Named in a reason; the others are counted. */
const mostNamed = 3;

/** Says by event which of its acknowledges and resolves found nothing open. */
export function idleReasons(actions: SourceAction[]): Map<string, string> {
  const byEvent = new Map<string, SourceAction[]>();
  for (const action of actions) byEvent.set(action.eventId, [...(byEvent.get(action.eventId) ?? []), action]);
  return new Map([...byEvent].map(([eventId, idle]) => [eventId, reasonOf(idle)]));
}

function reasonOf(idle: SourceAction[]): string {
  const named = idle.slice(0, mostNamed).map(({ action, dedupKey }) => `${action} "${dedupKey}"`);
  const rest = idle.length > mostNamed ? ` and ${idle.length - mostNamed} more` : '';
  return `Nothing is open for ${named.join(', ')}${rest}.`;
}
