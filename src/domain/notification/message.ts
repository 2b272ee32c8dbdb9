import { incidentReference } from '../incident/incident.ts';
import type { IncidentSnapshot } from '../incident/snapshot.ts';
import type { NotificationReason } from './still-asks.ts';

/** What a contact method is sent. `id` is the same on every attempt, so that a repeat is known as one. */
export type Message = PageMessage | CodeMessage;

/** Somebody is asked to look at an incident. */
export interface PageMessage {
  kind: 'page';
  id: string;
  reason: NotificationReason;
  memberName: string;
  /** The incident as it was when it asked. */
  snapshot: IncidentSnapshot;
  /** Each does one thing, as this member, for a day. */
  links: { acknowledge: string; resolve: string };
}

/** Whoever reads it may have alerts sent there. */
export interface CodeMessage {
  kind: 'code';
  id: string;
  code: string;
  memberName: string;
  organisationName: string;
}

/** One line of text, whatever people wrote: it becomes a header, or the head of a message. */
export function subjectOf(message: Message): string {
  if (message.kind === 'code') return 'Confirm that alerts may reach you here';
  const { number, name } = message.snapshot.incident;
  return oneLine(`[${incidentReference(number)}] ${name}`);
}

const reasons: Record<NotificationReason, string> = {
  level: 'It is your turn to look at this incident.',
  assignees: 'This incident was assigned to you.',
  responders: 'Your help with this incident is asked for.',
  alert: 'An alert was raised for this incident.',
};

/** Why it comes, for people to read first. */
export function openingOf(message: Message): string {
  if (message.kind === 'page') return reasons[message.reason];
  const { memberName, organisationName } = message;
  return `Somebody wants the alerts of ${oneLine(memberName)} at ${oneLine(organisationName)} to come here. Give this code back to confirm it; it is good for 15 minutes. If you did not expect it, do nothing.`;
}

/** What there is to know, as label and value; a value may be long, and may have several lines. */
export function factsOf({ snapshot, reason }: PageMessage): [label: string, value: string][] {
  const { incident, team, service, transition } = snapshot;
  const message = transition.details?.message;
  const facts: [string, string | null | undefined][] = [
    ['Message', reason === 'responders' && typeof message === 'string' ? message : null],
    ['Urgency', incident.urgency],
    ['Severity', incident.severity],
    ['Priority', incident.priority],
    ['Status', incident.status],
    ['Team', team.name],
    ['Source', service.type === 'team' ? null : service.name],
    ['Since', incident.createdAt],
    ['Description', incident.description],
  ];
  return facts.flatMap(([label, value]) => ((value ?? '').trim() === '' ? [] : [[label, value!]]));
}

/** Control characters would end a header or a line; several blanks only hide what follows. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
