/** The most severe first. */
const levels = ['critical', 'high', 'medium', 'low'] as const;
export type SeverityLevel = (typeof levels)[number];

/** How severe a text says it is: one of those words, or a rank as SEV1, SEV-2, P3, S4 and 5. Null: it says neither. */
export function severityLevel(severity: string): SeverityLevel | null {
  const text = severity.trim().toLowerCase();
  const rank = /^(?:sev-?|p|s)([1-5])$/.exec(text)?.[1];
  if (rank !== undefined) return levels[Number(rank) - 1] ?? 'low';
  return levels.find((level) => level === text) ?? null;
}

/** The four levels spread over a ranking: of three severities they are medium, high and critical. */
export function levelOfRank({ level, levels: count }: { level: number; levels: number }): SeverityLevel {
  return levels[levels.length - Math.ceil((level / count) * levels.length)] ?? 'low';
}
