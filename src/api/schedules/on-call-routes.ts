import { z } from 'zod';
import { Refusal, type FieldError } from '../../domain/error-code.ts';
import type { Roster, Span } from '../../domain/schedule/roster.ts';
import { membersOnCallAt, resolveOnCall, TooManyShifts } from '../../on-call/resolve.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { id, pathId, timestamp } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { moment } from './times.ts';

const longestDays = 366;

const query = z.strictObject({
  at: moment.optional().meta({ description: 'One moment; now unless given. Not together with `since` and `until`.' }),
  since: moment.optional(),
  until: moment.optional().meta({ description: `After \`since\`, by ${longestDays} days at most.` }),
});

const span = { since: timestamp, until: timestamp };

const atMoment = z
  .object({
    team_id: id,
    time_zone: z.string(),
    at: timestamp,
    on_call: z.array(z.object({ team_member_id: id, name: z.string() })),
  })
  .meta({
    id: 'OnCallAtMoment',
    description: 'Nobody: a gap. Several: their shifts overlap.',
    examples: [
      {
        team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        time_zone: 'Europe/Berlin',
        at: '2026-03-15T19:09:39.000Z',
        on_call: [{ team_member_id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2', name: 'Ada Lovelace' }],
      },
    ],
  });

const overTime = z
  .object({
    team_id: id,
    time_zone: z.string(),
    ...span,
    shifts: z
      .array(z.object({ team_member_id: id, name: z.string(), ...span }))
      .meta({ description: 'By start. What of one member touches or overlaps is one shift.' }),
    gaps: z.array(z.object(span)).meta({ description: 'Nobody is on call.' }),
    overlaps: z
      .array(z.object({ ...span, team_member_ids: z.array(id) }))
      .meta({ description: 'At every moment several members are on call: all who are at some.' }),
  })
  .meta({
    id: 'OnCallOverTime',
    examples: [
      {
        team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        time_zone: 'Europe/Berlin',
        since: '2026-03-16T00:00:00.000Z',
        until: '2026-03-17T00:00:00.000Z',
        shifts: [
          {
            team_member_id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2',
            name: 'Ada Lovelace',
            since: '2026-03-16T07:00:00.000Z',
            until: '2026-03-16T17:00:00.000Z',
          },
        ],
        gaps: [
          { since: '2026-03-16T00:00:00.000Z', until: '2026-03-16T07:00:00.000Z' },
          { since: '2026-03-16T17:00:00.000Z', until: '2026-03-17T00:00:00.000Z' },
        ],
        overlaps: [],
      },
    ],
  });

export function createOnCallRoutes({ stores }: ApiDeps): Route[] {
  async function requireRoster(organisationId: string, teamId: string, span: Span): Promise<Roster> {
    const roster = await stores.schedules.roster(organisationId, teamId, span);
    if (roster === 'too_much') throw tooMuch();
    return roster;
  }

  return [
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/on-call',
      summary: 'Who of a team is on call, at a moment or over a span of time',
      description: 'With `since` and `until`: the final shifts, overrides applied, with gaps and overlaps.',
      tag: 'Schedules',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query,
      responses: { 200: z.union([atMoment, overTime]) },
      refusals: [],
      handler: async ({ key: { organisationId }, params, query }) => {
        const team = await stores.teams.get(organisationId, params.id);
        if (!team) throw notFound();
        const { id: team_id, timeZone: time_zone } = team;
        const asked = readSpan(query);
        if (asked === null) {
          const at = query.at === undefined ? await stores.schedules.now() : Date.parse(query.at);
          const roster = await requireRoster(organisationId, team_id, { since: at, until: at + 1 });
          const on_call = membersOnCallAt(roster, at).map((memberId) => presentMember(roster, memberId));
          return { status: 200, body: { team_id, time_zone, at: iso(at), on_call } };
        }
        const roster = await requireRoster(organisationId, team_id, asked);
        const { shifts, gaps, overlaps } = resolve(roster, asked);
        return {
          status: 200,
          body: {
            team_id,
            time_zone,
            ...presentSpan(asked),
            shifts: shifts.map((shift) => ({ ...presentMember(roster, shift.memberId), ...presentSpan(shift) })),
            gaps: gaps.map(presentSpan),
            overlaps: overlaps.map((overlap) => ({ ...presentSpan(overlap), team_member_ids: overlap.memberIds })),
          },
        };
      },
    }),
  ];
}

/** Null: a single moment is asked for. Throws `Refusal` when the parameters do not go together. */
function readSpan({ at, since, until }: z.output<typeof query>): Span | null {
  if (since === undefined && until === undefined) return null;
  const errors: FieldError[] = [];
  if (at !== undefined) errors.push({ field: 'query.at', message: 'must not come together with since and until' });
  if (since === undefined) errors.push({ field: 'query.since', message: 'is required together with until' });
  if (until === undefined) errors.push({ field: 'query.until', message: 'is required together with since' });
  if (since !== undefined && until !== undefined) {
    const days = (Date.parse(until) - Date.parse(since)) / 86_400_000;
    if (days <= 0) errors.push({ field: 'query.until', message: 'must be after since' });
    if (days > longestDays)
      errors.push({ field: 'query.until', message: `must be at most ${longestDays} days after since` });
  }
  if (errors.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', errors);
  return { since: Date.parse(since!), until: Date.parse(until!) };
}

function resolve(roster: Roster, asked: Span) {
  try {
    return resolveOnCall(roster, asked);
  } catch (error) {
    if (error instanceof TooManyShifts) throw tooMuch();
    throw error;
  }
}

function tooMuch(): Refusal {
  return invalidField('query.until', 'leaves too much to answer; ask for a shorter span');
}

function presentMember({ members }: Roster, memberId: string) {
  return { team_member_id: memberId, name: members.get(memberId)!.name };
}

function presentSpan({ since, until }: Span) {
  return { since: iso(since), until: iso(until) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
