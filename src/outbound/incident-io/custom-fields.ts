import type { IncidentSnapshot, SnapshotCustomField } from '../../domain/incident/snapshot.ts';
import type { Bounds } from '../fitting.ts';
import { shorten } from '../text.ts';
import { ulidOf } from './ulid.ts';

/** The custom fields that have a value, each kind of value under the name that incident.io has for it. */
export function customFieldEntries({ incident: { customFields = [] } }: IncidentSnapshot, { name, list }: Bounds) {
  return customFields.slice(0, list).map((field) => ({
    custom_field: {
      id: ulidOf(field.id),
      name: shorten(field.name, name),
      description: shorten(field.description, name),
      field_type: field.fieldType,
      // All that could be chosen: incident.io's own payloads leave them out too.
      options: [],
    },
    values: field.values.slice(0, list).map((value) => valueOf(field, value, name)),
  }));
}

function valueOf({ id, fieldType }: SnapshotCustomField, value: SnapshotCustomField['values'][number], bytes: number) {
  if (typeof value !== 'string')
    return {
      value_option: {
        id: ulidOf(value.id),
        custom_field_id: ulidOf(id),
        value: shorten(value.value, bytes),
        sort_key: value.sortKey,
      },
    };
  if (fieldType === 'link') return { value_link: shorten(value, bytes) };
  // No stored number is longer; a number cut short would be another one.
  if (fieldType === 'numeric') return { value_numeric: value.slice(0, 64) };
  return { value_text: shorten(value, bytes) };
}
