import { Refusal } from '../../src/domain/error-code.ts';
import type { IncidentWorkflows } from '../../src/temporal/incident-workflows.ts';
import { poll } from './poll.ts';

/** Repeats a command under its id while nobody confirms it in time, as clients are told to: machines may be slow. */
export function patient(workflows: IncidentWorkflows): IncidentWorkflows {
  const isConfirmed = async (...given: Parameters<IncidentWorkflows['command']>) => {
    try {
      await workflows.command(...given);
      return true;
    } catch (error) {
      if (error instanceof Refusal && ['not_confirmed', 'unavailable'].includes(error.code)) return false;
      throw error;
    }
  };
  return {
    ...workflows,
    async command(...given) {
      await poll(() => isConfirmed(...given), { timeoutMs: 60_000, what: `${given[2].type} is confirmed` });
    },
  };
}
