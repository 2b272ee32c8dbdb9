import { z } from 'zod';
import { visibilities } from '../../../domain/incident/snapshot.ts';
import { incidentOf } from '../../../outbound/incident-io/incident.ts';
import { customFieldTypes } from '../../../stores/custom-fields.ts';
import type { IncidentIoRead } from '../../../stores/incident-io-incidents.ts';
import { incidentModes } from '../../../stores/incidents.ts';
import { customFieldOption } from '../custom-field-options/schema.ts';
import { answeredId, answeredTime } from '../ids.ts';
import { incidentRoleSchemas } from '../incident-roles/schema.ts';
import { oneIncidentStatus } from '../incident-statuses/schema.ts';
import { oneIncidentType } from '../incident-types/schema.ts';
import { oneSeverity } from '../severities/schema.ts';
import { user } from '../users/schema.ts';
import { modeWordOf, statusWordOf, statusWords } from './v1-words.ts';

export const incidentStatus = oneIncidentStatus.shape.incident_status;
export const severity = oneSeverity.shape.severity;

const named = z.object({ id: answeredId, name: z.string() });
/** One of them. */
export const actor = z
  .object({
    user: user.optional(),
    api_key: named.optional(),
    alert: z.object({ id: answeredId, title: z.string() }).optional(),
    workflow: named.optional(),
  })
  .meta({ examples: [{ api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'Zendesk' } }] });

export const incidentTimestamp = z
  .object({ id: answeredId, name: z.string(), rank: z.int() })
  .meta({ examples: [{ id: '01FCNDV6P870EA6S7TK1DSYD5H', name: 'Reported at', rank: 1 }] });

const customFieldEntry = z.object({
  custom_field: z.object({
    id: answeredId,
    name: z.string(),
    description: z.string(),
    field_type: z.enum(customFieldTypes),
    options: z.array(customFieldOption).meta({ description: 'Always empty: `/v1/custom_field_options` lists them.' }),
  }),
  values: z.array(
    z.object({
      value_text: z.string().optional(),
      value_link: z.string().optional(),
      value_numeric: z.string().optional(),
      value_option: customFieldOption.optional(),
    }),
  ),
});

const shared = {
  id: answeredId,
  reference: z.string(),
  name: z.string(),
  summary: z.string().optional(),
  permalink: z.url(),
  call_url: z.string().optional(),
  visibility: z.enum(visibilities),
  created_at: answeredTime,
  updated_at: answeredTime,
  creator: actor,
  severity: severity.optional(),
  incident_type: oneIncidentType.shape.incident_type.optional(),
  incident_role_assignments: z
    .array(z.object({ role: incidentRoleSchemas.v1.one.shape.incident_role, assignee: user.optional() }))
    .meta({ description: 'Roles that somebody has.' }),
  custom_field_entries: z.array(customFieldEntry).meta({ description: 'Fields that have a value.' }),
  slack_team_id: z.string(),
  slack_channel_id: z.string(),
};

const example = {
  id: '01FDAG4SAP5TYPT98WGR2N7W91',
  reference: 'INC-123',
  name: 'Our database is sad',
  summary: 'Writes fail since the last deploy.',
  permalink: 'https://tocsin.example.com/v1/incident/017b54e1-9955-d17d-ed25-1c860553e121',
  visibility: 'public',
  created_at: '2026-03-15T19:09:39.120000Z',
  updated_at: '2026-03-15T19:12:04.311000Z',
  creator: { api_key: { id: '01FCNDV6P870EA6S7TK1DSYDG0', name: 'Zendesk' } },
  severity: {
    id: '01FCQSP07Z74QMMYPDDGQB9FTG',
    name: 'Minor',
    description: 'Few are affected, and there is a way round.',
    rank: 1,
    created_at: '2026-03-01T09:00:00.000000Z',
    updated_at: '2026-03-01T09:00:00.000000Z',
  },
  incident_role_assignments: [],
  custom_field_entries: [
    {
      custom_field: {
        id: '01FCNDV6P870EA6S7TK1DSYDG0',
        name: 'Ticket',
        description: 'Where it was reported.',
        field_type: 'link',
        options: [],
      },
      values: [{ value_link: 'https://tickets.example.com/4711' }],
    },
  ],
  slack_team_id: '',
  slack_channel_id: '',
};

export const incidentV2 = z
  .object({
    ...shared,
    mode: z.enum(incidentModes),
    incident_status: incidentStatus,
    incident_timestamp_values: z.array(
      z.object({ incident_timestamp: incidentTimestamp, value: z.object({ value: answeredTime }).optional() }),
    ),
    duration_metrics: z.array(z.object({ duration_metric: named, value_seconds: z.int().optional() })),
  })
  .meta({
    id: 'IncidentIoIncidentV2',
    examples: [
      {
        ...example,
        mode: 'standard',
        incident_status: {
          id: '01FCNDV6P870EA6S7TK1DSYD5H',
          name: 'Investigating',
          description: 'Somebody is at work on it.',
          category: 'live',
          rank: 2,
          created_at: '2026-03-01T09:00:00.000000Z',
          updated_at: '2026-03-01T09:00:00.000000Z',
        },
        incident_timestamp_values: [
          {
            incident_timestamp: { id: '01FCNDV6P870EA6S7TK1DSYD5H', name: 'Reported at', rank: 1 },
            value: { value: '2026-03-15T19:09:39.120000Z' },
          },
        ],
        duration_metrics: [
          {
            duration_metric: { id: '01FCNDV6P870EA6S7TK1DSYD5J', name: 'Time to acknowledge' },
            value_seconds: 145,
          },
        ],
      },
    ],
  });

export const incidentV1 = z
  .object({
    ...shared,
    mode: z.enum(['real', 'test', 'tutorial']),
    status: z.enum(statusWords),
    timestamps: z.array(z.object({ name: z.string(), last_occurred_at: answeredTime.optional() })),
  })
  .meta({
    id: 'IncidentIoIncidentV1',
    examples: [
      {
        ...example,
        mode: 'real',
        status: 'investigating',
        timestamps: [{ name: 'last_activity', last_occurred_at: '2026-03-15T19:12:04.311000Z' }],
      },
    ],
  });

/** Nobody has to read it within limits, as a webhook's receiver. */
const unbounded = { text: Infinity, name: Infinity, list: Infinity };

/** As webhooks of the dialect incident.io.v2 say it, but whole. */
export function presentIncidentV2({ snapshot }: IncidentIoRead, publicUrl: string): z.input<typeof incidentV2> {
  return incidentOf(snapshot, { publicUrl }, unbounded) as z.input<typeof incidentV2>;
}

export function presentIncidentV1(row: IncidentIoRead, publicUrl: string): z.input<typeof incidentV1> {
  const {
    mode,
    incident_status: status,
    incident_timestamp_values: values,
    duration_metrics: metrics,
    ...rest
  } = presentIncidentV2(row, publicUrl);
  void metrics;
  return {
    ...rest,
    mode: modeWordOf(mode),
    status: statusWordOf(status),
    timestamps: [
      ...values.map(({ incident_timestamp: { name }, value }) => ({
        name: name.toLowerCase().replaceAll(' ', '_'),
        ...(value ? { last_occurred_at: value.value } : {}),
      })),
      { name: 'last_activity', last_occurred_at: rest.updated_at },
    ],
  };
}
