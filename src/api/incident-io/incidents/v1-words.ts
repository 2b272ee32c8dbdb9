import type { StatusCategory } from '../../../domain/incident/status-category.ts';

/** The statuses of incident.io's first version, from before an organisation had its own. */
export const statusWords = ['triage', 'investigating', 'fixing', 'monitoring', 'closed', 'declined'] as const;
export type StatusWord = (typeof statusWords)[number];

/** What a status of the organisation is called there: by its name where that is such a word, else by its category. */
export function statusWordOf({ name, category }: { name: string; category: string }): StatusWord {
  if (category === 'triage' || category === 'declined') return category;
  if (category !== 'live' && category !== 'paused') return 'closed';
  const word = name.trim().toLowerCase();
  return word === 'fixing' || word === 'monitoring' ? word : 'investigating';
}

/** The status that such a word asks for: one that is called so, else the default of the category it falls into. */
export function statusOfWord<Status extends { name: string; category: StatusCategory; isDefault: boolean }>(
  word: StatusWord,
  statuses: Status[],
): Status | undefined {
  const called = statuses.filter((status) => statusWordOf(status) === word && status.category !== 'merged');
  const inCategory = word === 'triage' ? 'triage' : word === 'closed' || word === 'declined' ? 'closed' : 'live';
  const usual = statuses.find(({ category, isDefault }) => isDefault && category === inCategory);
  if (usual && called.includes(usual)) return usual;
  return called[0] ?? usual;
}

/** `retrospective` is younger than that version. */
export function modeWordOf(mode: string): 'real' | 'test' | 'tutorial' {
  return mode === 'test' || mode === 'tutorial' ? mode : 'real';
}
