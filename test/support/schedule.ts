import { v7 as uuid } from 'uuid';
import type { EntryDraft } from '../../src/domain/schedule/entry.ts';
import type { Sql } from '../../src/stores/sql.ts';

export async function insertMember(sql: Sql, organisationId: string, teamId: string, name: string): Promise<string> {
  const id = uuid();
  await sql`INSERT INTO members (id, organisation_id, team_id, name, email)
    VALUES (${id}, ${organisationId}, ${teamId}, ${name}, ${`${id}@example.com`})`;
  return id;
}

/** Every day, round the clock. */
export function entryDraft(memberId: string, rest: Partial<EntryDraft> = {}): EntryDraft {
  return {
    memberId,
    startDate: null,
    endDate: null,
    monthsOfYear: [],
    weeksOfMonth: [],
    weekDays: [0, 1, 2, 3, 4, 5, 6],
    startTime: '00:00:00',
    endTime: '23:59:59',
    ...rest,
  };
}
