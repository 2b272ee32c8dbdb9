import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { Dialect, RenderContext } from './dialect.ts';
import { levelOfRank, severityLevel, type SeverityLevel } from './severity-level.ts';
import { assertStandsFor } from './stands-for.ts';
import { shorten } from './text.ts';

/**
 * PulseAPI's incident webhooks, field by field as its reference documents them: all ids are integers, all times UTC
 * in whole seconds; `check` is there only on creation, `duration_seconds` only on resolution. It has no ping: ours
 * has an event its receivers do not know, and no incident they could open or close.
 */
export const pulseapi: Dialect = {
  name: 'pulseapi',
  events: { 'incident.created': { on: ['triggered'] }, 'incident.resolved': { on: ['resolved'] } },
  ping: 'ping',
  signature: 'standard',
  render(event, snapshot, context) {
    assertStandsFor(pulseapi, event, snapshot);
    const envelope = { event, triggered_at: wholeSeconds(context.attemptAt) };
    if (snapshot.kind === 'ping') return { ...envelope, message: shorten(snapshot.message, maxTextBytes) };
    if (snapshot.kind !== undefined) throw new Error(`PulseAPI knows incidents alone, no ${snapshot.kind}`);
    return {
      ...envelope,
      incident: incidentOf(snapshot),
      monitor: monitorOf(snapshot, context),
      ...(snapshot.transition.type === 'triggered' ? { check: checkOf(snapshot) } : {}),
      team: { id: snapshot.team.number, name: shorten(snapshot.team.name, maxNameBytes) },
    };
  },
};

const maxTextBytes = 3_000;
const maxNameBytes = 512;
const statuses = { triggered: 'open', acknowledged: 'acknowledged', resolved: 'resolved' } as const;

function incidentOf({ incident, transition }: IncidentSnapshot) {
  const resolvedAt = transition.type === 'resolved' ? incident.resolvedAt : null;
  return {
    id: incident.number,
    title: shorten(incident.name, maxNameBytes),
    status: statuses[incident.status],
    severity: severityOf(incident),
    started_at: wholeSeconds(incident.createdAt),
    acknowledged_at: incident.acknowledgedAt && wholeSeconds(incident.acknowledgedAt),
    resolved_at: incident.resolvedAt && wholeSeconds(incident.resolvedAt),
    ...(resolvedAt === null ? {} : { duration_seconds: secondsBetween(incident.createdAt, resolvedAt) }),
    root_cause: incident.rootCause && shorten(incident.rootCause, maxTextBytes),
  };
}

/**
 * By its rank among the organisation's severities, or what its text says of itself: one that says none of PulseAPI's
 * tells less than the urgency.
 */
function severityOf({ severity, rankedSeverity, urgency }: IncidentSnapshot['incident']): SeverityLevel {
  return (rankedSeverity ? levelOfRank(rankedSeverity) : severityLevel(severity ?? '')) ?? urgency;
}

/** What is watched is the webhook that reported it; for an incident made by hand its team stands in. */
function monitorOf({ webhook, team }: IncidentSnapshot, { publicUrl }: RenderContext) {
  if (!webhook)
    return {
      id: team.number,
      name: shorten(team.name, maxNameBytes),
      url: `${publicUrl}/v1/team/${team.id}/incident`,
      method: 'POST',
    };
  return {
    id: webhook.number,
    name: shorten(webhook.name, maxNameBytes),
    url: webhook.monitorUrl ?? `${publicUrl}/v1/incident/webhook/${webhook.id}`,
    method: webhook.monitorMethod ?? 'POST',
  };
}

function checkOf({ check, incident }: IncidentSnapshot) {
  return {
    status: 'failed',
    http_status_code: integerOrNull(check?.httpStatusCode),
    response_time_ms: integerOrNull(check?.responseTimeMs),
    error: check?.error ? shorten(check.error, maxTextBytes) : null,
    checked_at: wholeSeconds(check?.checkedAt ?? incident.createdAt),
  };
}

/** Payloads report milliseconds with fractions; this dialect's numbers are integers. */
function integerOrNull(value: number | null | undefined): number | null {
  return typeof value === 'number' ? Math.round(value) : null;
}

function wholeSeconds(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19)}Z`;
}

/** Between the instants as they are shown, so that a receiver which subtracts them gets the same number. */
function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(wholeSeconds(to)) - Date.parse(wholeSeconds(from))) / 1_000);
}
