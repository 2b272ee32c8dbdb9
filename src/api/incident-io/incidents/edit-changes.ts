import type { IncidentChanges } from '../../../domain/incident/command.ts';
import type { Status } from '../../../domain/incident/incident.ts';
import type { ContentChanges } from '../../../stores/command-contents.ts';
import type { EditableColumns } from '../../../stores/incident-io-incidents.ts';
import type { IncidentRead } from '../../../stores/incident-reads.ts';
import type { CompositeChange } from '../../../temporal/incident-workflows.ts';
import type { GivenEdit } from './request-schema.ts';
import type { SettingsNamed } from './settings-named.ts';

/** What an edit changes without the incident's workflow. */
export interface Brought {
  content: ContentChanges;
  /** What the log says was changed. */
  fields: string[];
}

/** Null when all of it is so already. */
export function changesOf(
  { name, summary }: GivenEdit,
  { severity }: SettingsNamed,
  before: IncidentRead,
): IncidentChanges | null {
  const changes: IncidentChanges = {
    ...((name ?? before.name) === before.name ? {} : { name: name! }),
    ...((summary ?? before.description) === before.description ? {} : { description: summary! }),
    ...(severity === undefined || severity.name === before.severity ? {} : { severity: severity.name }),
  };
  return Object.keys(changes).length === 0 ? null : changes;
}

/** Likewise. */
export function contentOf(
  { status, customFields, roleAssignments, timestamps }: SettingsNamed,
  columns: EditableColumns,
): Brought | null {
  const fields = differing(customFields, (id, values) => {
    const stored = columns.customFields[id] ?? [];
    return values.length === stored.length && values.every((value) => stored.includes(value));
  });
  const roles = differing(roleAssignments, (id, memberId) => (columns.roleAssignments[id] ?? null) === memberId);
  const times = differing(timestamps, (name, at) => (columns.timestamps[name] ?? null) === at);
  const content: ContentChanges = {
    ...(status === undefined || status.id === columns.statusId ? {} : { statusId: status.id }),
    ...(fields ? { customFields: fields } : {}),
    ...(roles ? { roleAssignments: roles } : {}),
    ...(times ? { timestamps: times } : {}),
  };
  const names = {
    statusId: 'incident_status',
    customFields: 'custom_fields',
    roleAssignments: 'roles',
    timestamps: 'timestamps',
  };
  const changed = Object.keys(content).map((name) => names[name as keyof typeof names]);
  return changed.length === 0 ? null : { content, fields: changed };
}

function differing<Value>(
  given: Record<string, Value>,
  isSame: (name: string, value: Value) => boolean,
): Record<string, Value> | undefined {
  const others = Object.entries(given).filter(([name, value]) => !isSame(name, value));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

/** Null when the incident is there. Whether the step can be made is for its workflow to say. */
export function stepTo(wanted: Status, now: Status): CompositeChange['status'] {
  if (wanted === now) return null;
  if (wanted === 'acknowledged') return 'acknowledge';
  return wanted === 'resolved' ? 'resolve' : 'unacknowledge';
}
