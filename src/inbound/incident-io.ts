import { coreStatusOf, statusCategories } from '../domain/incident/status-category.ts';
import { isPlainObject } from '../domain/json/path.ts';
import { dedupKeyOf } from './dedup-key.ts';
import { memberOf, recordAt, textAt } from './fields.ts';
import { genericJson } from './generic-json.ts';
import { labelsOf } from './labels.ts';
import { openingOf } from './opening.ts';
import { outline } from './outline.ts';
import type { Occurrence, Source, SourceOpening } from './source.ts';
import { webLink } from './web-link.ts';

/**
 * incident.io's own webhooks, https://api-docs.incident.io/#tag/Webhooks: `{event_type, <event_type>: …}`, an incident
 * with all of its state each time. Tools that pass them on nest both in `data` or say `incident` for the second.
 */
export const incidentIo: Source = {
  name: 'incident.io',
  read(payload) {
    const event = textAt(payload, 'event_type') === null ? recordAt(payload, 'data') : payload;
    const type = textAt(event, 'event_type') ?? '';
    const content = [memberOf(event, type), event].find(isPlainObject) ?? {};
    const incident = isPlainObject(content.incident) ? content.incident : content;
    const dedupKey = dedupKeyOf(incident.id);
    const read = readers.get(type);
    if (read === undefined || dedupKey === null) return genericJson.read(payload);
    return read(incident, content).map((occurrence) => ({ alert: incident, dedupKey, ...occurrence }));
  },
};

type Read = Omit<Occurrence, 'alert' | 'dedupKey'>;
type Reader = (incident: Record<string, unknown>, content: Record<string, unknown>) => Read[];

const readers = new Map<string, Reader>([
  ['public_incident.incident_created_v2', readIncident],
  ['public_incident.incident_updated_v2', readIncident],
  ['public_incident.incident_status_updated_v2', readIncident],
  // These carry the id alone. Whether it goes on does not stand in an update, so that opens nothing.
  [
    'private_incident.incident_created_v2',
    (incident) => [{ action: 'trigger', labels: {}, opening: unseen(incident) }],
  ],
  ['private_incident.incident_updated_v2', () => [{ action: 'trigger', labels: {}, opening: null }]],
]);

/** An incident that is being worked on is two occurrences: one that we have not heard of is opened first. */
function readIncident(incident: Record<string, unknown>, content: Record<string, unknown>): Read[] {
  const status = isPlainObject(content.new_status) ? content.new_status : recordAt(incident, 'incident_status');
  // By its name where a tool has dropped the category.
  const word = (textAt(status, 'category') ?? textAt(status, 'name'))?.toLowerCase();
  const core = coreStatusOf(statusCategories.find((category) => category === word) ?? 'triage');
  const { mode, reference, visibility } = incident;
  const labels = labelsOf({
    severity: textAt(recordAt(incident, 'severity'), 'name'),
    status: textAt(status, 'name'),
    status_category: textAt(status, 'category'),
    type: textAt(recordAt(incident, 'incident_type'), 'name'),
    mode,
    reference,
    visibility,
  });
  if (core === 'resolved') return [{ action: 'resolve', labels, opening: null }];
  // What was over when it was written down is nothing to open.
  const opening = mode === 'retrospective' ? null : openingFor(incident, textAt(content, 'message'));
  const triggered: Read = { action: 'trigger', labels, opening };
  return core === 'acknowledged' ? [triggered, { action: 'acknowledge', labels, opening: null }] : [triggered];
}

function openingFor(incident: Record<string, unknown>, message: string | null): SourceOpening {
  const reference = textAt(incident, 'reference');
  return openingOf({
    name: textAt(incident, 'name') ?? reference ?? 'Incident',
    severity: textAt(recordAt(incident, 'severity'), 'name'),
    description: [
      textAt(incident, 'summary'),
      message,
      outline([[reference ?? 'Incident', webLink(textAt(incident, 'permalink'))]]),
    ],
  });
}

function unseen(incident: Record<string, unknown>): SourceOpening {
  return openingOf({
    name: 'Private incident',
    severity: null,
    description: [`Of a private incident incident.io says no more than its id: ${textAt(incident, 'id')}`],
  });
}
