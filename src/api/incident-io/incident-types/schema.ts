import { z } from 'zod';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import type { IncidentType } from '../../../stores/incident-types.ts';
import { optionalText, text } from '../../fields.ts';
import { answeredId, answeredTime, ulidOf } from '../ids.ts';

const name = text(100);
const description = optionalText(2_000);
const isDefault = z
  .boolean()
  .meta({ description: 'The type of incidents that name none. It takes that from another.' });
const privateIncidentsOnly = z.boolean().meta({ description: 'Its incidents are private from the start.' });
const createInTriage = z
  .enum(['always', 'optional'])
  .meta({ description: 'Whether its incidents begin in triage whatever is asked for.' });

export const newIncidentType = z
  .object({
    name,
    description: description.default(''),
    is_default: isDefault.default(false),
    private_incidents_only: privateIncidentsOnly.default(false),
    create_in_triage: createInTriage.default('optional'),
  })
  .meta({ examples: [{ name: 'Security', description: 'Anything about **secrets**.', private_incidents_only: true }] });

export const changedIncidentType = z
  .object({
    name: name.optional(),
    description: description.optional(),
    is_default: isDefault.optional(),
    private_incidents_only: privateIncidentsOnly.optional(),
    create_in_triage: createInTriage.optional(),
  })
  .meta({ examples: [{ name: 'Security and privacy', create_in_triage: 'always' }] });

const incidentType = z
  .object({
    id: answeredId,
    name: z.string(),
    description: z.string(),
    is_default: z.boolean(),
    private_incidents_only: z.boolean(),
    create_in_triage: createInTriage,
    created_at: answeredTime,
    updated_at: answeredTime,
  })
  .meta({
    id: 'IncidentIoType',
    examples: [
      {
        id: '01FCNDV6P870EA6S7TK1DSYDG0',
        name: 'Production Outage',
        description: 'Customer facing production outages',
        is_default: false,
        private_incidents_only: false,
        create_in_triage: 'optional',
        created_at: '2026-03-01T09:00:00.000000Z',
        updated_at: '2026-03-01T09:00:00.000000Z',
      },
    ],
  });

export const oneIncidentType = z.object({ incident_type: incidentType });
export const allIncidentTypes = z.object({ incident_types: z.array(incidentType) });

/** Also as an incident shows it. */
export function presentIncidentType(row: IncidentType): z.input<typeof incidentType> {
  return {
    id: ulidOf(row.id),
    name: row.name,
    description: row.description,
    is_default: row.isDefault,
    private_incidents_only: row.privateIncidentsOnly,
    create_in_triage: row.createInTriage,
    created_at: microseconds(row.createdAt),
    updated_at: microseconds(row.updatedAt),
  };
}
