import { z } from 'zod';
import { longestLabel } from '../../domain/ruleset/ruleset.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import { type TaskKind, taskStatuses } from '../../domain/incident/task.ts';
import type { ExportedTask } from '../../stores/export-tasks.ts';
import type { ApiDeps } from '../deps.ts';
import { id, queryList, queryTime, text } from '../fields.ts';
import { statuses } from '../incidents/request-schema.ts';
import { defineStream, type Route } from '../route.ts';
import { formatOf } from './format.ts';
import { exportedIncident, incidentColumns, presentExportedIncident } from './incident-schema.ts';
import { headersOf, rowWriter } from './send-rows.ts';
import { createExportSlots } from './slots.ts';
import { exportedAction, exportedFollowUp, presentExportedAction, presentExportedFollowUp } from './task-schema.ts';

const format = z
  .enum(['json', 'csv'])
  .optional()
  .meta({ description: 'In want of it CSV where `Accept` asks for `text/csv`, else JSON.' });
const ofIncident = {
  severity: text(longestLabel).optional().meta({ description: "The incident's, in whatever case." }),
  team_id: id.optional().meta({ description: 'The team whose the incident is.' }),
};
const created = {
  since: queryTime.optional().meta({ description: 'Created at this time or later.' }),
  until: queryTime.optional().meta({ description: 'Created before this time.' }),
};
const incidentQuery = z.strictObject({ format, ...created, status: queryList(statuses), ...ofIncident });
const taskQuery = z.strictObject({ format, ...created, status: queryList(taskStatuses), ...ofIncident });

const explanation =
  'All of it in one answer, in the order it was created and as it stood at one moment. An answer that breaks off ' +
  'without its end is not the whole. At most two exports of an organisation at once. CSV is RFC 4180 in UTF-8 with a ' +
  'header; a text that a spreadsheet could take for a formula has an apostrophe before it.';

export function createExportRoutes({ stores }: ApiDeps): Route[] {
  const inSlot = createExportSlots();
  const common = {
    method: 'GET',
    tag: 'Export',
    role: 'query',
    auth: 'key',
    permission: 'view_data',
    streams: ['application/json', 'text/csv'],
    refusals: [],
  } as const;

  /** Actions or follow-ups: the columns are the schema's keys. */
  const taskRoute = <Schema extends z.ZodObject>(
    { path, noun, kind }: { path: string; noun: string; kind: TaskKind },
    schema: Schema,
    present: (row: ExportedTask) => z.input<Schema>,
  ) =>
    defineStream({
      ...common,
      path,
      summary: `Export ${noun}`,
      description: explanation,
      query: taskQuery,
      responses: { 200: z.array(schema) },
      handler: async ({ key, query: { format: given, ...query }, headers }) => {
        const chosen = formatOf(given, headers.accept);
        return {
          ...headersOf(noun, chosen),
          write: (send) =>
            inSlot(key.organisationId, async () => {
              const writer = rowWriter<z.input<Schema>>(chosen, Object.keys(schema.shape), send);
              await stores.exports.tasks(key.organisationId, viewerOf(key), kind, filterOf(query), (rows) =>
                writer.rows(rows.map(present)),
              );
              await writer.end();
            }),
        };
      },
    });

  return [
    defineStream({
      ...common,
      path: '/v1/export/incidents',
      summary: 'Export incidents',
      description: `${explanation} A column for each custom field, \`Custom field: <name>\`, and for each role.`,
      query: incidentQuery,
      responses: { 200: z.array(exportedIncident) },
      handler: async ({ key, query: { format: given, ...query }, headers }) => {
        const chosen = formatOf(given, headers.accept);
        return {
          ...headersOf('incidents', chosen),
          write: (send) =>
            inSlot(key.organisationId, async () => {
              let end = async () => {};
              await stores.exports.incidents(key.organisationId, viewerOf(key), filterOf(query), (fields) => {
                const writer = rowWriter<z.input<typeof exportedIncident>>(chosen, incidentColumns(fields), send);
                end = writer.end;
                return (rows) => writer.rows(rows.map((row) => presentExportedIncident(row, fields)));
              });
              await end();
            }),
        };
      },
    }),
    taskRoute({ path: '/v1/export/actions', noun: 'actions', kind: 'action' }, exportedAction, presentExportedAction),
    taskRoute(
      { path: '/v1/export/follow-ups', noun: 'follow-ups', kind: 'follow_up' },
      exportedFollowUp,
      presentExportedFollowUp,
    ),
  ];
}

function filterOf<OneStatus extends string>(query: {
  status?: OneStatus[] | undefined;
  severity?: string | undefined;
  team_id?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}) {
  const { status: statusesWanted, severity, team_id: teamId, since, until } = query;
  return { statuses: statusesWanted, severity, teamId, since, until };
}
