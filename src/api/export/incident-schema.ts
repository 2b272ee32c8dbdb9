import { z } from 'zod';
import { incidentReference } from '../../domain/incident/incident.ts';
import { serviceTypes, visibilities } from '../../domain/incident/snapshot.ts';
import { secondsBetween } from '../../outbound/incident-io/times.ts';
import type { ExportedFields, ExportedIncident } from '../../stores/export-incidents.ts';
import { incidentModes } from '../../stores/incidents.ts';
import { id, timestamp, urgency } from '../fields.ts';
import { statuses } from '../incidents/request-schema.ts';
import type { CsvColumn } from './csv.ts';

const seconds = z.int().nullable();

/** The keys, in their order, are the columns too. */
export const exportedIncident = z
  .object({
    id,
    reference: z.string(),
    number: z.int(),
    name: z.string(),
    description: z.string(),
    status: z.enum(statuses),
    severity: z.string().nullable(),
    urgency,
    priority: z.string().nullable(),
    visibility: z.enum(visibilities),
    mode: z.enum(incidentModes),
    team_id: id,
    team: z.string(),
    service_type: z.enum(serviceTypes),
    service: z.string().meta({ description: 'The ruleset that opened it, else its webhook, else its team.' }),
    created_at: timestamp,
    acknowledged_at: timestamp.nullable(),
    resolved_at: timestamp.nullable(),
    time_to_acknowledge_seconds: seconds,
    time_to_resolve_seconds: seconds,
    occurrences: z.int(),
    reported_by: z.string().nullable().meta({ description: 'The name of the API key; null: an event opened it.' }),
    custom_fields: z
      .record(z.string(), z.union([z.string(), z.array(z.string())]).nullable())
      .meta({ description: 'By name; a list where a field takes several.' }),
    roles: z.record(z.string(), z.string().nullable()).meta({ description: 'By name: who has it.' }),
    root_cause: z.string().nullable(),
    resolution: z.string().nullable(),
    merged_into: z.string().nullable().meta({ description: 'The reference of the incident it goes on in.' }),
  })
  .meta({
    id: 'ExportedIncident',
    examples: [
      {
        id: '01993c53-0b10-7e01-8f2a-1b2c3d4e5f60',
        reference: 'INC-7',
        number: 7,
        name: 'Checkout is failing',
        description: 'Orders fail with 503.',
        status: 'resolved',
        severity: 'SEV1',
        urgency: 'high',
        priority: null,
        visibility: 'public',
        mode: 'standard',
        team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        team: 'Payments',
        service_type: 'ruleset',
        service: 'Checkout',
        created_at: '2026-03-15T19:09:39.000Z',
        acknowledged_at: '2026-03-15T19:12:04.311Z',
        resolved_at: '2026-03-15T19:41:00.000Z',
        time_to_acknowledge_seconds: 145,
        time_to_resolve_seconds: 1881,
        occurrences: 12,
        reported_by: null,
        custom_fields: { 'Affected regions': ['eu-1', 'us-2'], Ticket: null },
        roles: { 'Incident Lead': 'Ada', Reporter: null },
        root_cause: 'A leak in the connection pool',
        resolution: 'Restarted',
        merged_into: null,
      },
    ],
  });

export function incidentColumns({ customFields, roles }: ExportedFields): CsvColumn[] {
  return Object.keys(exportedIncident.shape).map((key) => {
    if (key === 'custom_fields') return { key, heading: 'Custom field', names: customFields.map(({ name }) => name) };
    if (key === 'roles') return { key, heading: 'Role', names: roles.map(({ name }) => name) };
    return key;
  });
}

export function presentExportedIncident(
  row: ExportedIncident,
  { customFields, roles, options }: ExportedFields,
): z.input<typeof exportedIncident> {
  const valueOf = ({ id: fieldId, takesMany }: ExportedFields['customFields'][number]) => {
    const values = (row.customFields[fieldId] ?? []).map((value) => options.get(value) ?? value);
    return takesMany ? values : (values[0] ?? null);
  };
  return {
    id: row.id,
    reference: incidentReference(row.number),
    number: row.number,
    name: row.name,
    description: row.description,
    status: row.status,
    severity: row.severity,
    urgency: row.urgency,
    priority: row.priority,
    visibility: row.visibility,
    mode: row.mode,
    team_id: row.teamId,
    team: row.team,
    service_type: row.serviceType,
    service: row.service,
    created_at: row.createdAt,
    acknowledged_at: row.acknowledgedAt,
    resolved_at: row.resolvedAt,
    time_to_acknowledge_seconds: secondsUntil(row.createdAt, row.acknowledgedAt),
    time_to_resolve_seconds: secondsUntil(row.createdAt, row.resolvedAt),
    occurrences: row.occurrences,
    reported_by: row.reportedBy,
    custom_fields: Object.fromEntries(customFields.map((field) => [field.name, valueOf(field)])),
    roles: Object.fromEntries(roles.map((role) => [role.name, row.roles?.[role.id] ?? null])),
    root_cause: row.rootCause,
    resolution: row.resolution,
    merged_into: row.mergedInto === null ? null : incidentReference(row.mergedInto),
  };
}

function secondsUntil(from: string, until: string | null): number | null {
  return until === null ? null : secondsBetween(from, until);
}
