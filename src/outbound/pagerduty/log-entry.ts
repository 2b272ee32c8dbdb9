import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import { shorten } from '../text.ts';
import { userOrService } from './agent.ts';
import { assignedOf, assignedReference } from './assigned.ts';
import { by, channelType, triggerChannelType, triggerSummary } from './channel.ts';
import type { Draft } from './draft.ts';
import { openedBy } from './history.ts';
import { trim } from './limits.ts';
import type { Reference } from './reference.ts';
import { wholeSeconds } from './times.ts';

/** What V2 calls a message: `incident.trigger` comes with entries of type `trigger_log_entry`. */
export type Verb =
  'trigger' | 'acknowledge' | 'unacknowledge' | 'resolve' | 'assign' | 'escalate' | 'delegate' | 'annotate';

/** Ours are numbered within their incident, and an incident's first one is that which opened it. */
export function logEntryId({ incident, transition }: IncidentSnapshot): string {
  return `${incident.id}-${transition.sequence ?? transition.id}`;
}

/** `[#33] My new incident` */
export function numberedTitle({ incident }: IncidentSnapshot): string {
  return `[#${incident.number}] ${incident.name}`;
}

/** What V2 shows of the log beside a message: one entry, but when it escalates one for each who is asked. */
export function logEntries(verb: Verb, draft: Draft): unknown[] {
  const assignees = assignedOf(draft).map((one) => assignedReference(one, draft));
  if (verb !== 'escalate' || assignees.length < 2) return [logEntry(verb, draft, '', assignees)];
  const asked = assignees.slice(0, draft.limits.entries);
  return asked.map((assignee, index) => logEntry(verb, draft, index === 0 ? '' : `-${index + 1}`, [assignee]));
}

function logEntry(verb: Verb, draft: Draft, suffix: string, assignees: Reference[]) {
  const { snapshot, references, limits } = draft;
  const { incident, team, service, transition } = snapshot;
  const note = noteOf(draft);
  return {
    id: logEntryId(snapshot) + suffix,
    type: `${verb}_log_entry`,
    summary: shorten(summaryOf(verb, snapshot, assignees), limits.name),
    self: references.links.log(incident.id),
    // As in PagerDuty, only what opened it has a page of its own.
    html_url: verb === 'trigger' ? references.links.log(incident.id) : null,
    created_at: wholeSeconds(transition.at),
    agent: userOrService(transition.agent, draft),
    channel: channelOf(verb, draft),
    service: references.service(service),
    incident: references.incident(incident, numberedTitle(snapshot)),
    teams: [references.team(team)],
    contexts: [],
    ...(verb === 'acknowledge' ? { acknowledgement_timeout: acknowledgementTimeout(snapshot) } : {}),
    ...(isAssigning(verb) ? { assignees } : {}),
    ...(note === null ? {} : { note }),
    event_details: verb === 'trigger' ? { description: shorten(incident.name, limits.name) } : {},
  };
}

/** The entry that opened the incident, as V2 refers to it ever after. */
export function firstTriggerLogEntry({ snapshot, references }: Draft): Reference {
  const log = references.links.log(snapshot.incident.id);
  return {
    html_url: log,
    id: `${snapshot.incident.id}-1`,
    self: log,
    summary: triggerSummary(openedBy(snapshot)),
    type: 'trigger_log_entry_reference',
  };
}

function isAssigning(verb: Verb): boolean {
  return verb === 'assign' || verb === 'escalate' || verb === 'delegate';
}

function summaryOf(verb: Verb, { incident, transition }: IncidentSnapshot, assignees: Reference[]): string {
  const names = assignees.map(({ summary, id }) => summary ?? id).join(', ') || 'nobody';
  const who = by(transition);
  const summaries: Record<Verb, string> = {
    trigger: triggerSummary(transition),
    acknowledge: `Acknowledged ${who}`,
    unacknowledge: `Unacknowledged ${who}`,
    resolve: `Resolved ${who}`,
    assign: `Assigned to ${names} ${who}`,
    escalate: `Escalated to ${names} ${who}`,
    delegate: `Delegated to ${incident.escalationPolicy?.name ?? 'another escalation policy'} ${who}`,
    annotate: `Note added ${who}`,
  };
  return summaries[verb];
}

function channelOf(verb: Verb, { snapshot, limits }: Draft): Record<string, unknown> {
  const { incident, transition } = snapshot;
  if (verb === 'annotate') {
    const { text } = trim(detail(snapshot, 'content') ?? '', limits);
    return { type: 'note', summary: shorten(text, limits.name), content: text };
  }
  if (verb !== 'trigger') return { type: channelType(transition) };
  const title = shorten(incident.name, limits.name);
  const { text, trimmed } = trim(incident.description, limits);
  const type = triggerChannelType(transition);
  return { type, summary: title, subject: title, details: text, details_omitted: trimmed };
}

/** What somebody wrote beside what they did. */
function noteOf({ snapshot, limits }: Draft): string | null {
  const { type } = snapshot.transition;
  const text = type === 'resolved' ? detail(snapshot, 'resolution') : null;
  return text === null ? null : trim(text, limits).text;
}

/** Seconds; null: it holds until it is resolved. */
function acknowledgementTimeout({ incident, transition: { details = {} } }: IncidentSnapshot): number | null {
  const seconds = details['acknowledgement_timeout'] ?? details['duration'] ?? incident.acknowledgementTimeout;
  return typeof seconds === 'number' ? seconds : null;
}

function detail({ transition: { details = {} } }: IncidentSnapshot, name: string): string | null {
  const value = details[name];
  return typeof value === 'string' ? value : null;
}
