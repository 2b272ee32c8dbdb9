import { log, patched } from '@temporalio/workflow';
import type { Command } from '../../domain/incident/command.ts';
import { incidentReference } from '../../domain/incident/incident.ts';
import { type Effects, proxyEffects } from './effects.ts';
import type { IncidentRun } from './incident-run.ts';

type MergeCommand = Extract<Command, { type: 'merge' }>;

export interface MergeBySignal {
  merge(command: MergeCommand): void;
  /** Why the last merge that was signalled was refused, for whoever signalled it; null: it was not. */
  refused(): string | null;
}

/** Others change too, in one transaction: an activity sees to them, and then this incident logs it. */
export function createMergeBySignal(run: IncidentRun, effects: Effects, show: () => void): MergeBySignal {
  const { mergeIncidents } = proxyEffects();
  let last = Promise.resolve();
  let refused: string | null = null;

  async function mergeOthers(command: MergeCommand): Promise<void> {
    const { organisationId, incidentId, number } = run.state;
    const { incidentIds, agent } = command;
    const reference = incidentReference(number);
    const result = await mergeIncidents({ organisationId, incidentId, reference, incidentIds, by: agent.name });
    refused = 'refused' in result ? result.refused : null;
    if (refused !== null) log.info('refused a merge', { reason: refused });
    show();
    if ('merges' in result) for (const merge of result.merges) run.hear('merge', { ...command, ...merge });
  }

  return {
    // One after the other, so that no flood of them exceeds what a workflow may have under way.
    merge: (command) => effects.begin((last = last.then(() => mergeOthers(command)))),
    refused: () => refused,
  };
}

/** Early releases knew no such signal, and left it alone. */
export function mergesBySignal(): boolean {
  return patched('merges-by-signal');
}
