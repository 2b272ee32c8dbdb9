import { z } from 'zod';
import { text, url } from './endpoint.ts';

/** `{html_url, id, self, summary, type: "x_reference"}`, of one of these kinds. */
export function reference<Kind extends string>(...kinds: Kind[]) {
  return z.strictObject({
    id: text,
    type: z.enum(kinds.map((kind) => `${kind}_reference` as const)),
    summary: text,
    self: url,
    html_url: url,
  });
}

/** The same where the samples leave `html_url` null. */
export function unlinkedReference<Kind extends string>(...kinds: Kind[]) {
  return reference(...kinds).extend({ html_url: url.nullable() });
}

/** "The agent (user, service or integration)". Where an integration can be looked at is not said anywhere. */
export const agent = z.discriminatedUnion('type', [
  reference('user'),
  reference('service'),
  reference('inbound_integration').extend({ self: url.nullable(), html_url: url.nullable() }),
]);

export const statuses = z.enum(['triggered', 'acknowledged', 'resolved']);
export const urgencies = z.enum(['high', 'low']);
export const alertCreation = z.enum(['create_alerts_and_incidents', 'create_incidents']);
export const pendingActionTypes = ['escalate', 'unacknowledge', 'resolve', 'urgency_change'] as const;

/** Which status an incident has right after an event, where its name says so; names of all three versions. */
export const statusAfter: Readonly<Record<string, z.output<typeof statuses>>> = {
  'incident.triggered': 'triggered',
  'incident.trigger': 'triggered',
  'incident.acknowledged': 'acknowledged',
  'incident.acknowledge': 'acknowledged',
  'incident.unacknowledged': 'triggered',
  'incident.unacknowledge': 'triggered',
  'incident.resolved': 'resolved',
  'incident.resolve': 'resolved',
  'incident.reopened': 'triggered',
};

/** Throws when the event's name says another status than the incident has. */
export function requireStatus(event: string, status: string): void {
  const expected = statusAfter[event];
  if (expected !== undefined && expected !== status) throw new Error(`${event} of an incident that is ${status}`);
}
