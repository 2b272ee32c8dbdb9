import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { mostEntries, type ScheduleEntry } from '../../domain/schedule/entry.ts';
import type { ScheduleRefusal } from '../../stores/schedules.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { messageOf, nextCursor, page, pathId, queryInteger } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import {
  changedEntry,
  changeOf,
  checkDates,
  draftOf,
  entry,
  entryKey,
  newEntry,
  presentEntry,
  storedEntry,
} from './entry-schema.ts';

/** A page holds more than elsewhere: the answer was asked for as one list. */
const limit = queryInteger(1, 1_000, 1_000);

export function createEntryRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/customer/{id}/schedule',
      summary: 'List the schedule entries of all teams of an organisation',
      description: 'Team by team; those of a team in the order they were made.',
      tag: 'Schedules',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject({ ...page, limit }),
      responses: { 200: z.object({ schedule: z.array(entry), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        if (params.id !== organisationId) throw notFound();
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'schedule', organisationId },
          query,
          (limit, after) => {
            const last = after && { teamId: String(after[0]), createdAt: String(after[1]) };
            return stores.schedules.list(organisationId, { limit, after: last });
          },
          ({ teamId, createdAt }) => [teamId, createdAt],
        );
        return { status: 200, body: { schedule: rows.map(presentEntry), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/schedule',
      summary: "Add an entry to a team's on-call schedule",
      tag: 'Schedules',
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      body: newEntry,
      checkBody: checkDates,
      responses: { 201: storedEntry },
      refusals: ['limit_reached'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const created = stored(await stores.schedules.create(key.organisationId, params.id, draftOf(body), tx));
          return { status: 201 as const, body: { message: 'The entry was created.', ...presentEntry(created) } };
        }),
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/team/{id}/schedule',
      summary: 'Change an entry, found by its created_at',
      description:
        'Fields left out stay as they are; null takes a bound or a list away; the member may change as well. It counts from now on: who was on call before stays as it was.',
      tag: 'Schedules',
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      body: changedEntry,
      checkBody: checkDates,
      responses: { 200: storedEntry },
      refusals: [],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const { created_at: createdAt, ...fields } = body;
          const change = changeOf(fields);
          const result = await stores.schedules.update(key.organisationId, params.id, createdAt, change, tx);
          // One of the two dates stayed as it was, or `checkDates` had seen it.
          if (result === 'dates_reversed')
            throw fields.end_date
              ? invalidField('end_date', 'must not be before start_date')
              : invalidField('start_date', 'must not be after end_date');
          const changed = stored(result);
          return { status: 200 as const, body: { message: 'The entry was updated.', ...presentEntry(changed) } };
        }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/team/{id}/schedule',
      summary: 'Delete an entry, found by its member and created_at',
      description: 'It counts from now on: who was on call before stays as it was.',
      tag: 'Schedules',
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      query: entryKey,
      responses: { 200: messageOf('The entry was deleted.') },
      refusals: [],
      handler: ({ key, params, query, transaction }) =>
        transaction(async (tx) => {
          const entryOf = { memberId: query.team_member_id, createdAt: query.created_at };
          if (!(await stores.schedules.remove(key.organisationId, params.id, entryOf, tx))) throw notFound();
          return { status: 200 as const, body: { message: 'The entry was deleted.' } };
        }),
    }),
  ];
}

/** The entry, or the refusal that stands for why there is none. */
function stored(result: ScheduleEntry | ScheduleRefusal): ScheduleEntry {
  switch (result) {
    case 'unknown_team':
    case 'unknown_entry':
      throw notFound();
    case 'unknown_member':
      throw invalidField('team_member_id', 'is not a member of this team');
    case 'full':
      throw new Refusal('limit_reached', `A team has at most ${mostEntries} schedule entries.`);
    default:
      return result;
  }
}
