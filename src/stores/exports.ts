import type postgres from 'postgres';
import type { Viewer } from '../domain/access/viewer.ts';
import { type ExportedIncident, exportedFields, type ExportedFields, exportedIncidents } from './export-incidents.ts';
import { type ExportedTask, exportedTasks } from './export-tasks.ts';
import type { Status } from '../domain/incident/incident.ts';
import type { TaskKind, TaskStatus } from '../domain/incident/task.ts';
import type { Sql, Transaction } from './sql.ts';

/** What both kinds of export can be narrowed to; times are ISO 8601. */
export interface ExportFilter<OneStatus extends string> {
  statuses?: OneStatus[] | undefined;
  /** Of the incident, in whatever case. */
  severity?: string | undefined;
  /** Whose the incident is. */
  teamId?: string | undefined;
  /** Created at or after this, and before that. */
  since?: string | undefined;
  until?: string | undefined;
}

/** Takes some rows; the next ones are read when it is done. What it throws ends the export. */
export type TakeRows<Row> = (rows: Row[]) => Promise<void>;

/**
 * Everything that a viewer may see, as it stood at one moment, in the order it was created. Rows come in batches, so that
 * a million of them need no more memory than a hundred. An export holds a connection while it lasts: half an hour at most.
 */
export interface ExportStore {
  /** `begin` is told once which columns the organisation has added, and answers who takes the rows. */
  incidents(
    organisationId: string,
    viewer: Viewer,
    filter: ExportFilter<Status>,
    begin: (fields: ExportedFields) => TakeRows<ExportedIncident>,
  ): Promise<void>;
  tasks(
    organisationId: string,
    viewer: Viewer,
    kind: TaskKind,
    filter: ExportFilter<TaskStatus>,
    take: TakeRows<ExportedTask>,
  ): Promise<void>;
}

const batchSize = 100;
/** A snapshot that is held for longer keeps Postgres from cleaning up. */
const longestMs = 30 * 60_000;

export function createExportStore(sql: Sql): ExportStore {
  /** Writes wait for none of it, and none of them shows in it. */
  const inSnapshot = (work: (tx: Transaction) => Promise<void>) =>
    sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', work);

  return {
    async incidents(organisationId, viewer, filter, begin) {
      await inSnapshot(async (tx) => {
        const take = begin(await exportedFields(tx, organisationId));
        await readBatches(tx, exportedIncidents(tx, organisationId, viewer, filter), take);
      });
    },

    async tasks(organisationId, viewer, kind, filter, take) {
      await inSnapshot((tx) => readBatches(tx, exportedTasks(tx, organisationId, viewer, kind, filter), take));
    },
  };
}

/**
 * By a cursor of SQL: each FETCH is a statement of its own, so that the time-out of statements is for a batch and not for
 * the whole, and whoever takes the rows may take their time in between.
 */
async function readBatches<Row>(tx: Transaction, select: postgres.Fragment, take: TakeRows<Row>): Promise<void> {
  const until = performance.now() + longestMs;
  // The first rows at once, by the index that has them in order, whatever would be quicker for all of them.
  await tx`SET LOCAL cursor_tuple_fraction = 0.00001`;
  // A filter that finds few looks at many rows for the first batch.
  await tx`SET LOCAL statement_timeout = '60s'`;
  await tx`DECLARE exported NO SCROLL CURSOR FOR ${select}`;
  for (;;) {
    // Not prepared: the cursor's columns are those of this export.
    const rows = await tx.unsafe<(Row & object)[]>(`FETCH ${batchSize} FROM exported`);
    if (rows.length > 0) await take([...rows]);
    if (rows.length < batchSize) return;
    if (performance.now() > until) throw new Error('The export took too long.');
  }
}
