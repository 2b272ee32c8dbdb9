import type { RecordedLife } from '../recorded-life.ts';
import { fixed, time, type Sourced } from './expected.ts';

/** SEV1 is the highest rank, SEV3 the third. */
const severities: Record<string, string> = { SEV1: 'critical', SEV3: 'medium' };

const common = ({ scene, sources, teamNumber }: RecordedLife) => ({
  monitor: {
    id: scene.webhook.number,
    name: sources.webhook.name,
    url: sources.webhook.monitor_url,
    method: sources.webhook.monitor_method,
  },
  team: { id: teamNumber, name: sources.team },
});
const incident = ({ incident, sources }: RecordedLife) => ({
  id: incident.number,
  title: sources.ruleset.name,
  severity: severities[sources.ruleset.severity]!,
  started_at: time,
});

export const pulseapiSources: Sourced[] = [
  {
    sample: 'pulseapi-incident-created',
    payload: (life) => life.payload('pulseapi', 'incident.created'),
    expected: (life) => ({
      ...common(life),
      event: fixed('incident.created'),
      triggered_at: time,
      incident: { ...incident(life), status: fixed('open') },
      check: {
        status: fixed('failed'),
        http_status_code: life.sources.check.status,
        response_time_ms: life.sources.check.ms,
        error: life.sources.check.error,
        checked_at: time,
      },
    }),
  },
  {
    sample: 'pulseapi-incident-resolved',
    payload: (life) => life.payload('pulseapi', 'incident.resolved'),
    expected: (life) => ({
      ...common(life),
      event: fixed('incident.resolved'),
      triggered_at: time,
      incident: {
        ...incident(life),
        status: fixed('resolved'),
        acknowledged_at: time,
        resolved_at: time,
        duration_seconds: life.seconds,
        root_cause: life.sources.rootCause,
      },
    }),
  },
];
