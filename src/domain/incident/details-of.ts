import type { IncidentChanges } from './command.ts';

/** What the log says of a change. Long texts are not repeated in it. */
export function detailsOf({
  name,
  description,
  urgency,
  severity,
  assignees,
  resolution,
  rootCause,
}: IncidentChanges): Record<string, unknown> {
  const given = { name, description, urgency, severity, assignees, resolution, root_cause: rootCause };
  const shown = Object.entries({ name, urgency, severity, assignees }).filter(([, value]) => value !== undefined);
  const changed = Object.entries(given).flatMap(([field, value]) => (value === undefined ? [] : [field]));
  return { ...Object.fromEntries(shown), changed };
}
