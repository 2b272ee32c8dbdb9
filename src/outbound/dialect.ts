import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { TransitionType } from '../domain/incident/log-entry.ts';

/** What a payload needs besides the snapshot: facts of this one attempt and of this installation. */
export interface RenderContext {
  deliveryId: string;
  /** When this attempt is sent, ISO 8601. */
  attemptAt: string;
  /** Base of every link, without a trailing slash. */
  publicUrl: string;
}

export interface RenderedPayload {
  /** The dialect's own name for what happened. */
  eventType: string;
  /** Becomes the JSON body as it is. */
  body: unknown;
}

/** One way of telling a subscriber what happened: the same facts in the shape the receiver already understands. */
export interface Dialect {
  name: string;
  /** The dialect's own event names, each with the transition that it stands for. */
  events: Readonly<Record<string, TransitionType>>;
  /** Throws when the dialect has no event for the snapshot's transition. */
  render(snapshot: IncidentSnapshot, context: RenderContext): RenderedPayload;
}

/** The dialect's name for a transition, or undefined when it has none. */
export function eventNameOf(dialect: Pick<Dialect, 'events'>, type: TransitionType): string | undefined {
  return Object.entries(dialect.events).find(([, transitionType]) => transitionType === type)?.[0];
}

/** The transitions that some of a dialect's event names stand for; names it does not know are left out. */
export function transitionTypesOf(dialect: Pick<Dialect, 'events'>, eventNames: string[]): TransitionType[] {
  const types = eventNames.flatMap((name) => (Object.hasOwn(dialect.events, name) ? [dialect.events[name]!] : []));
  return [...new Set(types)];
}
