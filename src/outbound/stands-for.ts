import { nameOfEvent } from '../domain/webhook/incident-event.ts';
import type { OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import { concerns, type Dialect, type EventSource } from './dialect.ts';

/** A payload that no attempt can render: its event stands for something else, as after a change of the dialect. */
export class WrongEvent extends Error {
  override readonly name = 'WrongEvent';
}

/** Throws WrongEvent unless `event` is the dialect's and stands for the snapshot: a payload under a wrong name misleads. */
export function assertStandsFor(
  { name, events, ping }: Pick<Dialect, 'name' | 'events' | 'ping'>,
  event: string,
  snapshot: OutboundSnapshot,
): void {
  const source = Object.hasOwn(events, event) ? events[event]! : null;
  const stands = event === ping ? snapshot.kind === 'ping' : source !== null && standsFor(source, snapshot);
  if (!stands) throw new WrongEvent(`In ${name}, ${event} does not stand for ${subjectOf(snapshot)}`);
}

function standsFor(source: EventSource, snapshot: OutboundSnapshot): boolean {
  if ('service' in source) return snapshot.kind === 'service' && snapshot.change === source.service;
  if ('subscription' in source) return snapshot.kind === 'subscription' && snapshot.change === source.subscription;
  if ('incident' in source)
    return (
      'incident' in snapshot &&
      snapshot.kind !== undefined &&
      nameOfEvent(snapshot) === source.incident &&
      (source.visibility ?? snapshot.incident.visibility) === snapshot.incident.visibility
    );
  if (snapshot.kind !== undefined) return false;
  const { incident, transition } = snapshot;
  return (
    concerns(source, transition.type, transition.details ?? {}) &&
    (source.visibility ?? incident.visibility ?? 'public') === (incident.visibility ?? 'public') &&
    // What an earlier release stored does not say what the status was.
    (source.ifStatusChanged === undefined || transition.previousStatus !== incident.status)
  );
}

function subjectOf(snapshot: OutboundSnapshot): string {
  switch (snapshot.kind) {
    case 'service':
      return `a service that was ${snapshot.change}`;
    case 'subscription':
      return `a subscription that was ${snapshot.change}`;
    case 'ping':
      return 'a ping';
    case 'membership':
      return `a membership that was ${snapshot.change}`;
    case 'action':
      return `an action that was ${snapshot.change}`;
    case 'follow_up':
      return `a follow-up that was ${snapshot.change}`;
    case undefined:
      return `an incident that was ${snapshot.transition.type}`;
  }
}
