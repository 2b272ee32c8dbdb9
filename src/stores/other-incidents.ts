type Details = Record<string, unknown>;

/** The incidents that the details of a transition name: only what merges incidents names others. */
export function otherIncidents({ merged_into: target, incident_ids: merged }: Details): string[] {
  return [target, ...(Array.isArray(merged) ? merged : [])].filter((id) => typeof id === 'string');
}

/** The details without those of them that are not among the visible ones. */
export function onlyVisible(details: Details, visible: ReadonlySet<string>): Details {
  const { merged_into: target, incident_ids: merged, ...rest } = details;
  return {
    ...rest,
    ...(typeof target === 'string' && visible.has(target) ? { merged_into: target } : {}),
    ...(Array.isArray(merged) ? { incident_ids: merged.filter((id) => visible.has(id as string)) } : {}),
  };
}
