import { z } from 'zod';
import { defaultAcknowledgementTimeout, defaultAutoResolveTimeout, urgencies } from '../../domain/incident/incident.ts';
import { longestLabel } from '../../domain/ruleset/ruleset.ts';
import { actionBody, newActions } from '../actions/schema.ts';
import { assignees, optionalText, page, queryList, queryTime, text, timeout, urgency } from '../fields.ts';
import { by } from './agent.ts';

export const statuses = ['triggered', 'acknowledged', 'resolved'] as const;

export const commandBody = z.strictObject(by);
export const runBody = actionBody(by);
export const resolveBody = z.strictObject({
  ...by,
  resolution: optionalText(15_000).nullable().default(null),
  root_cause: optionalText(15_000).nullable().default(null),
});

export const newIncident = z
  .strictObject({
    name: text(255),
    description: optionalText(15_000),
    urgency,
    assignees: assignees.default([]).meta({ description: 'Empty: the team.' }),
    severity: text(longestLabel)
      .nullable()
      .default(null)
      .meta({ description: 'In the words of the organisation: `SEV1`.' }),
    priority: text(longestLabel).nullable().default(null).meta({ description: 'Likewise: `P2`.' }),
    actions: newActions.default([]).meta({ description: 'Run right after opening.' }),
    incident_key: text(255)
      .nullable()
      .default(null)
      .meta({ description: 'At most one incident of the team with this key is open.' }),
    acknowledgement_timeout: timeout.default(defaultAcknowledgementTimeout),
    auto_resolve_timeout: timeout.default(defaultAutoResolveTimeout),
    quiet_resolve: timeout
      .default(null)
      .meta({ description: 'Seconds without a further occurrence after which it resolves itself; null: never.' }),
  })
  .meta({
    examples: [
      {
        name: 'Checkout is failing',
        description: 'Orders fail with 503.',
        urgency: 'high',
        assignees: [{ type: 'schedule', id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091' }],
        actions: [{ type: 'trigger-alerts' }],
      },
    ],
  });

/** What is left out stays. */
export const incidentUpdate = z
  .strictObject({
    ...by,
    name: text(255).optional(),
    description: optionalText(15_000).optional(),
    urgency: urgency.optional(),
    assignees: assignees.optional().meta({ description: 'Empty: the team.' }),
    actions: newActions
      .optional()
      .meta({ description: 'Run, but for those that the incident has had: the same type with the same settings.' }),
    status: z
      .enum(statuses)
      .optional()
      .meta({ description: 'As by the commands; `triggered` takes an acknowledgement back.' }),
    resolution: optionalText(15_000).optional(),
    root_cause: optionalText(15_000).optional(),
  })
  .meta({
    examples: [
      { urgency: 'low', description: 'Only one region is left.' },
      { status: 'resolved', resolution: 'Restarted', root_cause: 'A leak in the connection pool' },
    ],
  });

export const incidentQuery = z.strictObject({
  ...page,
  status: queryList(statuses),
  urgency: queryList(urgencies),
  since: queryTime.optional().meta({ description: 'Created at this time or later.' }),
  until: queryTime.optional().meta({ description: 'Created before this time.' }),
  text: text(200).optional().meta({ description: 'Part of the name or the description, in whatever case.' }),
  sort: z.enum(['-number', 'number']).default('-number'),
});
