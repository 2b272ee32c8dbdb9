import { z } from 'zod';
import { statusCategories } from '../../../domain/incident/status-category.ts';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import type { IncidentStatus } from '../../../stores/incident-statuses.ts';
import { optionalText, text } from '../../fields.ts';
import { answeredId, answeredTime, ulidOf } from '../ids.ts';

const name = text(100);
const description = optionalText(2_000);

export const newIncidentStatus = z
  .object({
    name,
    description: description.default(''),
    category: z
      .enum(['live', 'learning', 'closed'])
      .meta({ description: '`live`: acknowledged. `learning` and `closed`: resolved.' }),
  })
  .meta({
    examples: [{ name: 'Monitoring', description: 'Impact has been **fully mitigated**.', category: 'live' }],
  });

export const changedIncidentStatus = z
  .object({ name: name.optional(), description: description.optional() })
  .meta({ examples: [{ name: 'Watching', description: 'Impact has been **fully mitigated**.' }] });

const incidentStatus = z
  .object({
    id: answeredId,
    name: z.string(),
    description: z.string(),
    category: z.enum(statusCategories),
    rank: z.int(),
    created_at: answeredTime,
    updated_at: answeredTime,
  })
  .meta({
    id: 'IncidentIoStatus',
    examples: [
      {
        id: '01FCNDV6P870EA6S7TK1DSYD5H',
        name: 'Investigating',
        description: 'Somebody is at work on it.',
        category: 'live',
        rank: 2,
        created_at: '2026-03-01T09:00:00.000000Z',
        updated_at: '2026-03-01T09:00:00.000000Z',
      },
    ],
  });

export const oneIncidentStatus = z.object({ incident_status: incidentStatus });
export const allIncidentStatuses = z.object({ incident_statuses: z.array(incidentStatus) });

/** Also as an incident shows it. */
export function presentIncidentStatus(row: IncidentStatus): z.input<typeof incidentStatus> {
  return {
    id: ulidOf(row.id),
    name: row.name,
    description: row.description,
    category: row.category,
    rank: row.rank,
    created_at: microseconds(row.createdAt),
    updated_at: microseconds(row.updatedAt),
  };
}
