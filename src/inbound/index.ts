import { alertmanager } from './alertmanager.ts';
import { genericJson } from './generic-json.ts';
import { grafana } from './grafana.ts';
import { incidentIo } from './incident-io.ts';
import { pagerduty } from './pagerduty.ts';
import type { Source, SourceName } from './source.ts';

/** Every format that senders speak, by its name. */
export const sources: Readonly<Record<SourceName, Source>> = {
  'generic-json': genericJson,
  pagerduty,
  alertmanager,
  grafana,
  'incident.io': incidentIo,
};
