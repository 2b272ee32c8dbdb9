import { z } from 'zod';
import { errorCodes } from '../../domain/error-code.ts';
import { id } from '../fields.ts';
import { by } from './agent.ts';
import { resolveTexts } from './request-schema.ts';

const most = 250;
const incidentIds = z
  .array(id)
  .min(1, 'must name one incident or more')
  .max(most, `must name at most ${most} incidents`);

export const bulkBody = z
  .discriminatedUnion('action', [
    z.strictObject({ ...by, action: z.literal('acknowledge'), incident_ids: incidentIds }),
    z.strictObject({ ...by, action: z.literal('resolve'), incident_ids: incidentIds, ...resolveTexts }),
  ])
  .meta({
    examples: [
      {
        action: 'resolve',
        incident_ids: ['01993c53-0b10-7e01-8f2a-1b2c3d4e5f60', '01993c53-1d22-7f13-9a3b-2c3d4e5f6071'],
        resolution: 'The provider is back.',
      },
    ],
  });

const result = z.object({
  incident_id: id,
  status: z.enum(['done', 'refused']),
  code: z.enum(errorCodes).nullable().meta({ description: 'Why it was refused, as its own command would be.' }),
  detail: z.string().nullable(),
});
export type BulkResult = z.output<typeof result>;

export const bulkResults = z
  .object({ results: z.array(result).meta({ description: 'In the order of the request.' }) })
  .meta({
    id: 'BulkResults',
    examples: [
      {
        results: [
          { incident_id: '01993c53-0b10-7e01-8f2a-1b2c3d4e5f60', status: 'done', code: null, detail: null },
          {
            incident_id: '01993c53-1d22-7f13-9a3b-2c3d4e5f6071',
            status: 'refused',
            code: 'incident_resolved',
            detail: 'The incident is resolved already.',
          },
        ],
      },
    ],
  });
