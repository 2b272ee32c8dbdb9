import type { TransitionType } from '../domain/incident/log-entry.ts';
import type { Visibility } from '../domain/incident/snapshot.ts';
import type { IncidentEventName } from '../domain/webhook/incident-event.ts';
import type { OutboundSnapshot, ServiceChange } from '../domain/webhook/outbound-event.ts';

/** What a payload needs besides the snapshot: facts of this one attempt, its subscription and this installation. */
export interface RenderContext {
  deliveryId: string;
  /** When this attempt is sent, ISO 8601. */
  attemptAt: string;
  /** Base of every link, without a trailing slash. */
  publicUrl: string;
  subscription: { id: string; name: string; description: string; url: string };
  /** For an event that a transition makes several of: which one, counted from 0. */
  item: number;
}

/** Which facts an event of a dialect stands for. */
export type EventSource =
  | {
      /** Transitions of incidents. */
      on: readonly TransitionType[];
      /** Of transitions of these types only those whose details have this. */
      ifDetail?: Partial<Record<TransitionType, string>>;
      /** Only those that changed the status, whatever their type says. */
      ifStatusChanged?: true;
      /** Only of incidents that are visible like this. */
      visibility?: Visibility;
      /** One payload for each element of this list in the transition's details. */
      perItemOf?: string;
    }
  | {
      /** What happens to incidents besides transitions. */
      incident: IncidentEventName;
      /** Only to those that are visible like this. */
      visibility?: Visibility;
    }
  | { service: ServiceChange }
  | { subscription: 'disabled' };

/** One way of telling a subscriber what happened: the same facts in the shape the receiver already understands. */
export interface Dialect {
  name: string;
  /** The dialect's own event names. */
  events: Readonly<Record<string, EventSource>>;
  /** What a ping is called; the dialect renders it too. */
  ping: string;
  /** `pagerduty`: its own signature, besides that of Standard Webhooks which every request bears. */
  signature: 'standard' | 'pagerduty';
  userAgent?: string;
  /** The JSON body. `event` is one of `events`, or `ping`. Throws when that event does not stand for the snapshot. */
  render(event: string, snapshot: OutboundSnapshot, context: RenderContext): unknown;
}

/** A delivery to make: the dialect's event, and which of several payloads. */
export interface PlannedEvent {
  dialect: string;
  event: string;
  item: number;
  ifStatusChanged: boolean;
  /** Null: of every incident. */
  visibility: Visibility | null;
}

/** What some dialects say of a transition. Whether its incident fits `visibility` and its status changed, who stores it knows. */
export function planTransition(
  dialects: readonly Dialect[],
  { type, details }: { type: TransitionType; details: Record<string, unknown> },
): PlannedEvent[] {
  return dialects.flatMap((dialect) =>
    Object.entries(dialect.events).flatMap(([event, source]) => {
      if (!('on' in source) || !concerns(source, type, details)) return [];
      const items = source.perItemOf === undefined ? 1 : lengthOf(details[source.perItemOf]);
      return Array.from({ length: items }, (_, item) => ({
        dialect: dialect.name,
        event,
        item,
        ifStatusChanged: source.ifStatusChanged ?? false,
        visibility: source.visibility ?? null,
      }));
    }),
  );
}

/** Whether an event stands for transitions of this type, with these details. */
export function concerns(
  { on, ifDetail = {} }: Extract<EventSource, { on: unknown }>,
  type: TransitionType,
  details: Record<string, unknown>,
): boolean {
  const wanted = ifDetail[type];
  return on.includes(type) && (wanted === undefined || details[wanted] !== undefined);
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

/** What some dialects call a change of a service. */
export function planService(
  dialects: readonly Dialect[],
  change: ServiceChange,
): Pick<PlannedEvent, 'dialect' | 'event'>[] {
  return dialects.flatMap((dialect) =>
    Object.entries(dialect.events).flatMap(([event, source]) =>
      'service' in source && source.service === change ? [{ dialect: dialect.name, event }] : [],
    ),
  );
}

/** What some dialects call something that happened to an incident of this visibility. */
export function planIncidentEvent(
  dialects: readonly Dialect[],
  name: IncidentEventName,
  visibility: Visibility,
): Pick<PlannedEvent, 'dialect' | 'event'>[] {
  return dialects.flatMap((dialect) =>
    Object.entries(dialect.events).flatMap(([event, source]) =>
      'incident' in source && source.incident === name && (source.visibility ?? visibility) === visibility
        ? [{ dialect: dialect.name, event }]
        : [],
    ),
  );
}
