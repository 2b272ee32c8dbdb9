import { v7 as uuid } from 'uuid';
import {
  changeEntry,
  datesAreInOrder,
  mostEntries,
  type EntryChange,
  type EntryDraft,
  type ScheduleEntry,
} from '../domain/schedule/entry.ts';
import type { EffectiveOverride, EntryVersion, Roster, Span } from '../domain/schedule/roster.ts';
import type { Queryable, Sql } from './sql.ts';

/** Why nothing was stored. `dates_reversed`: with what stays as it is, the entry would end before it begins. */
export type ScheduleRefusal = 'unknown_team' | 'unknown_entry' | 'unknown_member' | 'full';
export type ChangeRefusal = ScheduleRefusal | 'dates_reversed';

/** More versions, or more overrides, than this within one span are not read. */
export const mostVersionsRead = 5_000;
export const mostOverridesRead = 400;

export interface ScheduleStore {
  /** Dates the entry to the second, or to the next free one: no two of a team are alike, even of deleted ones. */
  create(
    organisationId: string,
    teamId: string,
    draft: EntryDraft,
    tx: Queryable,
  ): Promise<ScheduleEntry | ScheduleRefusal>;
  /** From this moment on; what the entry said before still holds for the time before. */
  update(
    organisationId: string,
    teamId: string,
    createdAt: string,
    change: EntryChange,
    tx: Queryable,
  ): Promise<ScheduleEntry | ChangeRefusal>;
  /** From this moment on. False when the team has no such entry of this member. */
  remove(
    organisationId: string,
    teamId: string,
    entry: { memberId: string; createdAt: string },
    tx: Queryable,
  ): Promise<boolean>;
  /** The entries in force, of all teams; of one team in the order they were made. */
  list(
    organisationId: string,
    page: { limit: number; after?: { teamId: string; createdAt: string } | undefined },
  ): Promise<ScheduleEntry[]>;
  /** What says who is on call in the span (ms); `too_much` when it is more than may be read. */
  roster(organisationId: string, teamId: string, span: Span): Promise<Roster | 'too_much'>;
  /** Milliseconds, by the clock that dates edits: a process's own may lag behind it. */
  now(): Promise<number>;
}

export function createScheduleStore(sql: Sql): ScheduleStore {
  const recurrence = sql`
    time_zone, to_char(start_date, 'YYYY-MM-DD') AS start_date, to_char(end_date, 'YYYY-MM-DD') AS end_date,
    months_of_year, weeks_of_month, week_days, start_time::text, end_time::text, member_id`;
  const columns = sql`${recurrence}, team_id, created_at`;

  async function insert(
    tx: Queryable,
    organisationId: string,
    entry: { teamId: string; timeZone: string; createdAt: string; validFrom: string },
    draft: EntryDraft,
  ): Promise<ScheduleEntry> {
    const [row] = await tx<ScheduleEntry[]>`
      INSERT INTO schedule_versions (
        id, organisation_id, team_id, created_at, member_id, time_zone, start_date, end_date, months_of_year,
        weeks_of_month, week_days, start_time, end_time, valid_from)
      VALUES (
        ${uuid()}, ${organisationId}, ${entry.teamId}, ${entry.createdAt}::text::timestamptz, ${draft.memberId},
        ${entry.timeZone}, ${draft.startDate}::text::date, ${draft.endDate}::text::date,
        ${draft.monthsOfYear}::smallint[], ${draft.weeksOfMonth}::smallint[], ${draft.weekDays}::smallint[],
        ${draft.startTime}::text::time, ${draft.endTime}::text::time, ${entry.validFrom}::text::timestamptz)
      RETURNING ${columns}`;
    return row!;
  }

  return {
    async create(organisationId, teamId, draft, tx) {
      const team = await lockTeam(tx, organisationId, teamId);
      if (!team) return 'unknown_team';
      if (!(await lockMember(tx, organisationId, teamId, draft.memberId))) return 'unknown_member';
      const [found] = await tx<{ entries: number; createdAt: string }[]>`
        WITH made AS (
          SELECT created_at, valid_to FROM schedule_versions
          WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
        ), candidates AS (
          SELECT date_trunc('second', clock_timestamp()) AS second
          UNION SELECT created_at + interval '1 second' FROM made WHERE created_at >= date_trunc('second', now())
        )
        SELECT (SELECT count(*) FROM made WHERE valid_to = 'infinity') AS entries, min(second) AS created_at
        FROM candidates WHERE second NOT IN (SELECT created_at FROM made)`;
      if (found!.entries >= mostEntries) return 'full';
      const { createdAt } = found!;
      return insert(tx, organisationId, { teamId, ...team, createdAt, validFrom: '-infinity' }, draft);
    },

    async update(organisationId, teamId, createdAt, change, tx) {
      const team = await lockTeam(tx, organisationId, teamId);
      if (!team) return 'unknown_team';
      const [current] = await tx<ScheduleEntry[]>`
        SELECT ${columns} FROM schedule_versions
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
          AND created_at = ${createdAt}::text::timestamptz AND valid_to = 'infinity'`;
      if (!current) return 'unknown_entry';
      const draft = changeEntry(current, change);
      if (!datesAreInOrder(draft)) return 'dates_reversed';
      if (!(await lockMember(tx, organisationId, teamId, draft.memberId))) return 'unknown_member';
      // A repeat changes nothing, so it leaves no version behind.
      if (isSame(current, draft)) return current;
      const [ended] = await tx<{ validTo: string }[]>`
        UPDATE schedule_versions SET valid_to = greatest(valid_from, date_trunc('milliseconds', clock_timestamp()))
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
          AND created_at = ${createdAt}::text::timestamptz AND valid_to = 'infinity'
        RETURNING valid_to`;
      return insert(tx, organisationId, { teamId, ...team, createdAt, validFrom: ended!.validTo }, draft);
    },

    async remove(organisationId, teamId, { memberId, createdAt }, tx) {
      if (!(await lockTeam(tx, organisationId, teamId))) return false;
      const { count } = await tx`
        UPDATE schedule_versions SET valid_to = greatest(valid_from, date_trunc('milliseconds', clock_timestamp()))
        WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND member_id = ${memberId}
          AND created_at = ${createdAt}::text::timestamptz AND valid_to = 'infinity'`;
      return count > 0;
    },

    async list(organisationId, { limit, after }) {
      const rows = await sql<ScheduleEntry[]>`
        SELECT ${columns} FROM schedule_versions
        WHERE organisation_id = ${organisationId} AND valid_to = 'infinity'
          ${after ? sql`AND (team_id, created_at) > (${after.teamId}::uuid, ${after.createdAt}::text::timestamptz)` : sql``}
        ORDER BY team_id, created_at LIMIT ${limit}`;
      return [...rows];
    },

    async roster(organisationId, teamId, span) {
      const since = new Date(span.since).toISOString();
      const until = new Date(span.until).toISOString();
      const [versions, overrides] = await Promise.all([
        sql<(EntryVersion & { validFrom: string | null; validTo: string | null })[]>`
          SELECT ${recurrence}, NULLIF(valid_from, '-infinity') AS valid_from, NULLIF(valid_to, 'infinity') AS valid_to
          FROM schedule_versions
          WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
            AND valid_to > ${since}::text::timestamptz AND valid_from < ${until}::text::timestamptz
            AND valid_from < valid_to
          LIMIT ${mostVersionsRead + 1}`,
        sql<{ memberId: string; replacesMemberId: string | null; since: string; until: string }[]>`
          SELECT member_id, replaces_member_id, since, least(until, deleted_at) AS until FROM overrides
          WHERE organisation_id = ${organisationId} AND team_id = ${teamId}
            AND since < ${until}::text::timestamptz AND until > ${since}::text::timestamptz
            AND (deleted_at IS NULL OR deleted_at > greatest(since, ${since}::text::timestamptz))
          ORDER BY created_at, id LIMIT ${mostOverridesRead + 1}`,
      ]);
      if (versions.length > mostVersionsRead || overrides.length > mostOverridesRead) return 'too_much';

      const ids = [...new Set([...versions, ...overrides].map(({ memberId }) => memberId))];
      const members = await sql<{ id: string; name: string; deletedAt: string | null }[]>`
        SELECT id, name, deleted_at FROM members
        WHERE organisation_id = ${organisationId} AND id = ANY(${ids}::uuid[])`;
      return {
        versions: versions.map(({ validFrom, validTo, ...version }) => ({
          ...version,
          since: validFrom === null ? -Infinity : Date.parse(validFrom),
          until: validTo === null ? Infinity : Date.parse(validTo),
        })),
        overrides: overrides.map((row): EffectiveOverride => ({
          ...row,
          since: Date.parse(row.since),
          until: Date.parse(row.until),
        })),
        members: new Map(
          members.map(({ id, name, deletedAt }) => [
            id,
            { id, name, until: deletedAt === null ? Infinity : Date.parse(deletedAt) },
          ]),
        ),
      };
    },

    async now() {
      const [row] = await sql<{ now: string }[]>`SELECT clock_timestamp() AS now`;
      return Date.parse(row!.now);
    },
  };
}

/** Who holds it changes the team's schedule alone; also keeps its time zone. */
export async function lockTeam(
  tx: Queryable,
  organisationId: string,
  teamId: string,
): Promise<{ timeZone: string } | undefined> {
  const [team] = await tx<{ timeZone: string }[]>`
    SELECT time_zone FROM teams WHERE organisation_id = ${organisationId} AND id = ${teamId} AND deleted_at IS NULL FOR NO KEY UPDATE`;
  return team;
}

/** Keeps a member of the team from being deleted until the transaction ends; false when there is none. */
export async function lockMember(
  tx: Queryable,
  organisationId: string,
  teamId: string,
  memberId: string,
): Promise<boolean> {
  const rows = await tx`
    SELECT id FROM members
    WHERE organisation_id = ${organisationId} AND team_id = ${teamId} AND id = ${memberId} AND deleted_at IS NULL
    FOR SHARE`;
  return rows.length > 0;
}

function isSame(current: ScheduleEntry, draft: EntryDraft): boolean {
  const { memberId, startDate, endDate, monthsOfYear, weeksOfMonth, weekDays, startTime, endTime } = current;
  const before = [memberId, startDate, endDate, monthsOfYear, weeksOfMonth, weekDays, startTime, endTime];
  const after = [
    draft.memberId,
    draft.startDate,
    draft.endDate,
    draft.monthsOfYear,
    draft.weeksOfMonth,
    draft.weekDays,
    draft.startTime,
    draft.endTime,
  ];
  return JSON.stringify(before) === JSON.stringify(after);
}
