import { z } from 'zod';
import { incidentModes, type IncidentMode } from '../../../stores/incidents.ts';
import { mostTasks } from '../../../stores/incident-tasks.ts';
import { queryInteger } from '../../fields.ts';
import { incidentIoId } from '../ids.ts';
import { incidentIoPage } from '../paging.ts';

/** Nothing is cut off: an answer is whole. */
export const unbounded = { text: Infinity, name: Infinity, list: Infinity };

/** Of new and changed tasks; deleting one is a request of its own, as with incident.io. */
export const givenStatus = z
  .enum(['outstanding', 'completed', 'not_doing'], {
    error: ({ input }) =>
      input === 'deleted' ? 'must not be deleted: use DELETE' : 'must be one of outstanding, completed, not_doing',
  })
  .meta({ description: '`outstanding` opens it again.' });

/** incident.io's lists of tasks have no pages: whoever asks for those of one incident gets them all. */
export const taskPage = { ...incidentIoPage, page_size: queryInteger(1, mostTasks, mostTasks) };

export const ofIncident = incidentIoId.optional().meta({ description: 'Of this incident alone.' });

const usual: IncidentMode[] = ['standard', 'retrospective'];
/** `stream` is a mode of incident.io's that no incident has here. */
const modes = [...incidentModes, 'stream'] as const;

export const modeV2 = z
  .enum(modes)
  .optional()
  .meta({ description: 'Of incidents of this mode; else of those that are standard or retrospective.' });

export function modesOfV2(mode: z.output<typeof modeV2>): IncidentMode[] {
  if (mode === undefined) return usual;
  return mode === 'stream' ? [] : [mode];
}

export const modeV1 = z
  .enum(['real', 'test', 'tutorial'])
  .default('real')
  .meta({ description: '`real`: of incidents that are standard or retrospective.' });

export function modesOfV1(mode: z.output<typeof modeV1>): IncidentMode[] {
  return mode === 'real' ? usual : [mode];
}
