import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import { concerns, type Dialect, type EventSource } from './dialect.ts';
import { castOf, type ExampleSetting } from './example-cast.ts';
import { exampleIncidentEvent } from './example-incident-event.ts';
import { exampleIncident } from './example-incident.ts';
import { storyOf } from './example-story.ts';

/** What a delivery of an example renders from. */
export interface Example {
  snapshot: OutboundSnapshot;
  item: number;
}

/**
 * A full, plausible snapshot that an event of a dialect, or its ping, stands for, so that receivers can be tried out.
 * Its names begin with `Example:`, its people live at example.com, and its ids belong to nothing that exists. Throws for
 * an event that the dialect does not have.
 */
export function exampleOf(
  dialect: Pick<Dialect, 'name' | 'events' | 'ping'>,
  event: string,
  to: ExampleSetting,
): Example {
  if (event === dialect.ping) return { snapshot: examplePing(to), item: 0 };
  if (!Object.hasOwn(dialect.events, event)) throw new Error(`${dialect.name} has no event ${event}`);
  return { snapshot: snapshotFor(dialect.events[event]!, to), item: 0 };
}

function snapshotFor(source: EventSource, setting: ExampleSetting): OutboundSnapshot {
  const { organisation, team, now: at } = setting;
  const cast = castOf(setting);
  if ('service' in source) {
    const { service, agents } = cast;
    return { kind: 'service', change: source.service, at, agent: agents.member, organisation, service, team };
  }
  if ('subscription' in source) {
    const { subscription } = cast;
    return { kind: 'subscription', change: source.subscription, at, reason: 'failing', organisation, subscription };
  }
  if ('incident' in source) return exampleIncidentEvent(source, setting);
  const told = source.on.find((type) => {
    const { from, to, details } = storyOf(type, cast);
    return concerns(source, type, details) && (source.ifStatusChanged === undefined || from !== to);
  });
  if (!told) throw new Error(`There is no example of ${source.on.join(' or ')} that this event stands for`);
  return exampleIncident(told, setting, source.visibility ?? 'public');
}

export function examplePing({ organisation, now }: Pick<ExampleSetting, 'organisation' | 'now'>): OutboundSnapshot {
  return { kind: 'ping', at: now, message: 'Example: this webhook can be reached.', organisation };
}
