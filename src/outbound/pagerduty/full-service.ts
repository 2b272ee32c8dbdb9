import { defaultAcknowledgementTimeout, defaultAutoResolveTimeout } from '../../domain/incident/incident.ts';
import type { SnapshotService } from '../../domain/incident/snapshot.ts';
import type { SupportHours } from '../../domain/schedule/support-hours.ts';
import { shorten } from '../text.ts';
import type { Draft } from './draft.ts';
import { trim } from './limits.ts';
import { wholeSeconds } from './times.ts';
import { urgencyName } from './urgency.ts';

const statuses = { triggered: 'critical', acknowledged: 'warning', resolved: 'active' } as const;

/** The service as V2 embeds it in an incident: PagerDuty's REST resource, settings and all. */
export function fullService({ snapshot, references, limits }: Draft) {
  const { incident, team, service, webhook } = snapshot;
  const self = references.links.service(service.type, service.id);
  const name = shorten(service.name, limits.name);
  const hours = service.supportHours ?? null;
  return {
    id: service.id,
    name,
    description: trim(service.description ?? '', limits).text,
    auto_resolve_timeout: timeoutOf(service, service.autoResolveTimeout, defaultAutoResolveTimeout),
    acknowledgement_timeout: timeoutOf(service, service.acknowledgementTimeout, defaultAcknowledgementTimeout),
    created_at: service.createdAt === undefined ? null : wholeSeconds(service.createdAt),
    status: statuses[service.status ?? incident.status],
    last_incident_timestamp: wholeSeconds(service.lastIncidentAt ?? incident.createdAt),
    teams: [references.team(team)],
    incident_urgency_rule: hours ? hoursRule(hours) : constant(service.urgency ?? incident.urgency),
    scheduled_actions: hours ? scheduledActions(hours) : [],
    support_hours: hours && supportHours(hours),
    escalation_policy: references.escalationPolicy(service.escalationPolicy, team),
    addons: [],
    privilege: null,
    alert_creation: alertCreation,
    integrations: webhook ? [integration(webhook, references.links.webhook(webhook.id), limits.name)] : [],
    metadata: {},
    type: 'service',
    summary: name,
    self,
    html_url: self,
  };
}

/** Every occurrence is kept beside the incident it opened or joined. */
export const alertCreation = 'create_alerts_and_incidents';

/** A webhook and a team have no timeouts of their own. Of rulesets, snapshots of earlier releases do not say. */
function timeoutOf({ type }: SnapshotService, seconds: number | null | undefined, otherwise: number): number | null {
  return seconds === undefined && type !== 'ruleset' ? otherwise : (seconds ?? null);
}

function constant(urgency: SupportHours['urgency']) {
  return { type: 'constant', urgency: urgencyName(urgency) };
}

function hoursRule({ urgency, otherwise }: SupportHours) {
  return {
    type: 'use_support_hours',
    during_support_hours: constant(urgency),
    outside_support_hours: constant(otherwise),
  };
}

/** With us the urgency follows both edges of the hours. */
function scheduledActions({ urgency, otherwise }: SupportHours) {
  return [
    { type: 'urgency_change', at: namedTime('support_hours_start'), to_urgency: urgencyName(urgency) },
    { type: 'urgency_change', at: namedTime('support_hours_end'), to_urgency: urgencyName(otherwise) },
  ];
}

function namedTime(name: 'support_hours_start' | 'support_hours_end') {
  return { type: 'named_time', name };
}

/** PagerDuty counts weekdays from Monday, 1, to Sunday, 7. */
function supportHours({ timeZone, weekDays, startTime, endTime }: SupportHours) {
  return {
    type: 'fixed_time_per_day',
    time_zone: timeZone,
    days_of_week: weekDays.map((day) => day || 7).sort((a, b) => a - b),
    start_time: startTime,
    end_time: endTime,
  };
}

function integration({ id, name }: { id: string; name: string }, self: string, bytes: number) {
  return {
    id,
    type: 'generic_events_api_inbound_integration_reference',
    summary: shorten(name, bytes),
    self,
    html_url: self,
  };
}
