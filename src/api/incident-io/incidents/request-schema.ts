import { z } from 'zod';
import { incidentModes } from '../../../stores/incidents.ts';
import { visibilities } from '../../../domain/incident/snapshot.ts';
import { optionalText, text } from '../../fields.ts';
import { incidentIoId } from '../ids.ts';
import { statusWords } from './v1-words.ts';

/**
 * What requests of incident.io's API say of an incident (https://docs.incident.io/api-reference/incidents-v2/create). Null
 * counts as left out; what else its clients send, as names of Slack channels, is passed over.
 */

/** Postgres indexes it. */
const longestKey = 500;
const most = 50;
const mostValues = 100;

const customFieldValue = z.object({
  value_text: optionalText(5_000).nullish(),
  value_link: optionalText(2_048).nullish().meta({ description: 'A URL: https, http or mailto.' }),
  value_numeric: optionalText(100).nullish().meta({ description: 'A decimal number, kept to the last digit.' }),
  value_option_id: incidentIoId.nullish(),
  value_timestamp: optionalText(100).nullish().meta({ description: 'Not taken: see `incident_timestamp_values`.' }),
  value_catalog_entry_id: optionalText(255).nullish().meta({ description: 'Not taken: there is no catalog.' }),
});
export type GivenValue = z.output<typeof customFieldValue>;

const customFieldEntries = z
  .array(
    z.object({
      custom_field_id: incidentIoId,
      values: z
        .array(customFieldValue)
        .max(mostValues, `must be at most ${mostValues}`)
        .meta({ description: 'None takes the values away.' }),
    }),
  )
  .max(most, `must be at most ${most}`)
  .nullish();

const roleAssignments = z
  .array(
    z.object({
      incident_role_id: incidentIoId,
      assignee: z
        .object({
          id: incidentIoId.nullish(),
          email: optionalText(254).nullish(),
          slack_user_id: optionalText(100).nullish().meta({ description: 'Of no member: they are known by e-mail.' }),
        })
        .nullish()
        .meta({ description: 'Left out: nobody has the role.' }),
    }),
  )
  .max(most, `must be at most ${most}`)
  .nullish();

const time = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-03-15T19:09:39Z' })
  .refine(
    (given) => /^(?!0000)\d{4}-/.test(given) && !Number.isNaN(Date.parse(given)),
    'must be in the years from 1 to 9999',
  )
  .transform((given) => {
    const fraction = /\.\d+/.exec(given)?.[0] ?? '';
    return new Date(given.replace(fraction, '')).toISOString().replace('.000', fraction.slice(0, 7));
  })
  .refine((utc) => /^\d{4}-/.test(utc), 'must be in the years from 1 to 9999')
  .meta({ jsonSchema: { type: 'string', format: 'date-time' } });

const timestampValues = z
  .array(z.object({ incident_timestamp_id: incidentIoId, value: time.nullish() }))
  .max(most, `must be at most ${most}`)
  .nullish();

const texts = {
  name: optionalText(255).nullish().meta({ description: 'Blank or left out: the first line of the summary.' }),
  summary: optionalText(15_000).nullish(),
};

const onCreation = {
  ...texts,
  idempotency_key: text(longestKey).meta({
    description: 'Names one incident of the organisation for ever: whoever asks again gets that one.',
  }),
  severity_id: incidentIoId.nullish(),
  visibility: z.enum(visibilities),
  incident_type_id: incidentIoId.nullish(),
  custom_field_entries: customFieldEntries,
  incident_role_assignments: roleAssignments,
};

const example = {
  name: 'Our database is sad',
  idempotency_key: 'alert-4711',
  severity_id: '01FCQSP07Z74QMMYPDDGQB9FTG',
  summary: 'Writes fail since the last deploy.',
  visibility: 'public',
  custom_field_entries: [
    {
      custom_field_id: '01FCNDV6P870EA6S7TK1DSYDG0',
      values: [{ value_link: 'https://tickets.example.com/4711' }],
    },
  ],
};

export const newIncidentV2 = z
  .object({
    ...onCreation,
    mode: z.enum(incidentModes).nullish(),
    incident_status_id: incidentIoId.nullish(),
    incident_timestamp_values: timestampValues,
  })
  .meta({ examples: [example] });

export const newIncidentV1 = z
  .object({
    ...onCreation,
    mode: z.enum(['real', 'test', 'tutorial']).nullish(),
    status: z.enum(statusWords).nullish(),
  })
  .meta({ examples: [example] });

/** What both versions come to. */
export type GivenIncident = z.output<typeof newIncidentV2>;

export const editedIncident = z
  .object({
    incident: z.object({
      name: text(255).nullish(),
      summary: optionalText(15_000).nullish(),
      severity_id: incidentIoId.nullish(),
      incident_status_id: incidentIoId.nullish(),
      custom_field_entries: customFieldEntries,
      incident_role_assignments: roleAssignments,
      incident_timestamp_values: timestampValues,
      call_url: optionalText(2_048)
        .refine((url) => url === '' || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)), {
          error: 'must be an http:// or https:// URL, or empty',
        })
        .nullish()
        .meta({
          pattern: '^([hH][tT][tT][pP][sS]?://[^\\u0000]*)?$',
          description: 'Where those who work on it talk; empty: nowhere any more.',
        }),
    }),
    notify_incident_channel: z.boolean().nullish().meta({ description: 'Passed over: there is no such channel.' }),
  })
  .meta({
    examples: [
      {
        incident: { summary: 'Writes work again.', severity_id: '01FCQSP07Z74QMMYPDDGQB9FTG' },
        notify_incident_channel: false,
      },
    ],
  });
export type GivenEdit = z.output<typeof editedIncident>['incident'];
