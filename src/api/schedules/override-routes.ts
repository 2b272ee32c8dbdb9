import { z } from 'zod';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import { mostOverrides, type Override } from '../../domain/schedule/override.ts';
import type { OverrideRefusal } from '../../stores/overrides.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { id, messageOf, nextCursor, page, pathId, timestamp } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { moment } from './times.ts';

const newOverride = z
  .strictObject({
    member_id: id.meta({ description: 'Who takes over.' }),
    since: moment,
    until: moment.meta({ description: 'The moment it is over.' }),
    replaces_member_id: id
      .nullish()
      .meta({ description: 'Whose duties. Absent: everybody’s, and the time nobody is on call.' }),
  })
  .meta({
    examples: [
      {
        member_id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed',
        since: '2026-12-24T12:00:00Z',
        until: '2026-12-27T08:00:00+01:00',
      },
    ],
  });

const override = z
  .object({
    id,
    team_id: id,
    member_id: id,
    replaces_member_id: id.nullable(),
    since: timestamp,
    until: timestamp,
    created_at: timestamp,
  })
  .meta({
    id: 'Override',
    examples: [
      {
        id: '01993c52-4c8b-7f75-8d3e-9fa0b1c2d3e4',
        team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        member_id: '01993c4d-9a53-7b64-8c7d-8e9fa0b1c2d3',
        replaces_member_id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2',
        since: '2026-12-24T12:00:00.000Z',
        until: '2026-12-27T07:00:00.000Z',
        created_at: '2026-12-01T10:00:00.000Z',
      },
    ],
  });

export function createOverrideRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/override',
      summary: 'Let a member take over duties for a while',
      description: 'Where several cover the same duty, the last created wins.',
      tag: 'Schedules',
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      body: newOverride,
      checkBody,
      responses: { 201: override },
      refusals: ['limit_reached'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const { member_id: memberId, replaces_member_id: replacesMemberId = null, since, until } = body;
          const draft = { memberId, replacesMemberId, since, until };
          const created = await stores.overrides.create(key.organisationId, params.id, draft, tx);
          if (Array.isArray(created)) throw refusalOf(created);
          return { status: 201 as const, body: presentOverride(created) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/override',
      summary: 'List the overrides of a team, the last created first',
      tag: 'Schedules',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ overrides: z.array(override), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        if (!(await stores.teams.get(organisationId, params.id))) throw notFound();
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'overrides', organisationId, filters: { team: params.id } },
          query,
          (limit, after) => {
            const last = after && { createdAt: String(after[0]), id: String(after[1]) };
            return stores.overrides.list(organisationId, params.id, { limit, after: last });
          },
          ({ createdAt, id }) => [createdAt, id],
        );
        return { status: 200, body: { overrides: rows.map(presentOverride), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/team/{id}/override',
      summary: 'Withdraw an override',
      description: 'It counts from now on: who was on call before stays as it was.',
      tag: 'Schedules',
      role: 'command',
      auth: 'key',
      permission: 'manage_schedules',
      params: pathId,
      query: z.strictObject({ override_id: id }),
      responses: { 200: messageOf('The override was withdrawn.') },
      refusals: [],
      handler: ({ key, params, query, transaction }) =>
        transaction(async (tx) => {
          if (!(await stores.overrides.remove(key.organisationId, params.id, query.override_id, tx))) throw notFound();
          return { status: 200 as const, body: { message: 'The override was withdrawn.' } };
        }),
    }),
  ];
}

function checkBody(given: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const span = z.object({ since: moment, until: moment }).safeParse(given);
  if (span.success && span.data.until <= span.data.since)
    errors.push({ field: 'until', message: 'must be after since' });
  const members = z.object({ member_id: id, replaces_member_id: id }).safeParse(given);
  if (members.success && members.data.member_id === members.data.replaces_member_id)
    errors.push({ field: 'replaces_member_id', message: 'must be another member' });
  return errors;
}

function refusalOf(refusals: OverrideRefusal[]): Refusal {
  if (refusals.includes('unknown_team')) return notFound();
  if (refusals.includes('full'))
    return new Refusal('limit_reached', `A team has at most ${mostOverrides} overrides that are not over.`);
  const fields: FieldError[] = [];
  const message = 'is not a member of this team';
  if (refusals.includes('unknown_member')) fields.push({ field: 'member_id', message });
  if (refusals.includes('unknown_replaced_member')) fields.push({ field: 'replaces_member_id', message });
  return new Refusal('invalid_fields', 'Some fields are invalid.', fields);
}

function presentOverride(row: Override): z.input<typeof override> {
  return {
    id: row.id,
    team_id: row.teamId,
    member_id: row.memberId,
    replaces_member_id: row.replacesMemberId,
    since: row.since,
    until: row.until,
    created_at: row.createdAt,
  };
}
