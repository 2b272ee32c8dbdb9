import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Bounds } from '../fitting.ts';
import { shorten } from '../text.ts';
import { derivedUlid } from './ulid.ts';

/** What incident.io has no place for of its own, as the text fields that its users would add for it. */
export function customFieldEntries({ incident, organisation, team, service }: IncidentSnapshot, { name }: Bounds) {
  const values = {
    Team: team.name,
    Service: service.name,
    Urgency: incident.urgency,
    Priority: incident.priority ?? null,
    'Incident key': incident.incidentKey,
    'Root cause': incident.rootCause,
  };
  return Object.entries(values).flatMap(([field, value]) => {
    if (value === null) return [];
    const id = derivedUlid(organisation.id, 'custom_field', field);
    return [
      {
        custom_field: { id, name: field, description: '', field_type: 'text', options: [] },
        values: [{ value_text: shorten(value, name) }],
      },
    ];
  });
}
