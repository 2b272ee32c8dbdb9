import { z } from 'zod';
import type { Roster, Shift, Span } from '../../domain/schedule/roster.ts';
import { nowAndNext } from '../../on-call/now-and-next.ts';
import type { Team } from '../../stores/teams.ts';
import type { ApiDeps } from '../deps.ts';
import { id, nextCursor, page, timestamp } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';

const daysAhead = 14;
const aheadMs = daysAhead * 86_400_000;

const teamOnCall = z
  .object({
    team_id: id,
    team_name: z.string(),
    now: z
      .array(
        z.object({
          member_id: id,
          name: z.string(),
          until: timestamp.nullable().meta({ description: `Null: longer than the next ${daysAhead} days.` }),
        }),
      )
      .meta({ description: 'Nobody: a gap, or the team has no schedule.' }),
    next: z
      .array(z.object({ member_id: id, name: z.string(), since: timestamp }))
      .nullable()
      .meta({ description: `Who comes on call after that; null: nobody within ${daysAhead} days.` }),
    escalation_policies: z.array(id).meta({ description: "Those that ask the team's schedule, oldest first." }),
  })
  .meta({ id: 'TeamOnCall' });

const whoIsOnCall = z.object({ at: timestamp, teams: z.array(teamOnCall), next_cursor: nextCursor }).meta({
  examples: [
    {
      at: '2026-03-15T19:09:39.000Z',
      teams: [
        {
          team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
          team_name: 'Payments',
          now: [
            {
              member_id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2',
              name: 'Ada Lovelace',
              until: '2026-03-16T07:00:00.000Z',
            },
          ],
          next: [
            {
              member_id: '01993c4d-8041-7e53-9c6d-7e8f90a1b2c3',
              name: 'Grace Hopper',
              since: '2026-03-16T07:00:00.000Z',
            },
          ],
          escalation_policies: ['01993c4e-1f00-7a11-8b22-3c4d5e6f7081'],
        },
      ],
      next_cursor: null,
    },
  ],
});

export function createWhoIsOnCallRoute({ stores, cursors }: ApiDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/v1/on-call',
    summary: 'Who is on call now, and who is next, team by team',
    tag: 'Schedules',
    role: 'query',
    auth: 'key',
    permission: 'view_data',
    query: z.strictObject(page),
    responses: { 200: whoIsOnCall },
    refusals: [],
    handler: async ({ key: { organisationId }, query }) => {
      const { rows, nextCursor } = await readPage(
        cursors,
        { list: 'on-call', organisationId },
        query,
        (limit, after) => stores.teams.list(organisationId, { limit, after: after?.[0] as number | undefined }),
        ({ number }) => [number],
      );
      const at = await stores.schedules.now();
      const span = { since: at, until: at + aheadMs };
      const ids = rows.map((team) => team.id);
      const policies = new Map<string, string[]>(ids.map((teamId) => [teamId, []]));
      for (const { teamId, policyId } of await stores.escalationPolicies.namingSchedules(organisationId, ids))
        policies.get(teamId)!.push(policyId);
      const teams: z.input<typeof teamOnCall>[] = [];
      // One after the other: each may take some milliseconds of computing, and others are to come in between.
      for (const team of rows)
        teams.push(presentTeam(team, await rosterOf(organisationId, team.id, span), span, policies.get(team.id)!));
      return { status: 200, body: { at: new Date(at).toISOString(), teams, next_cursor: nextCursor } };
    },
  });

  async function rosterOf(organisationId: string, teamId: string, span: Span): Promise<Roster> {
    const roster = await stores.schedules.roster(organisationId, teamId, span);
    // Nothing has been edited in time to come: what there is of entries and overrides is bounded far below that.
    if (roster === 'too_much') throw new Error(`The schedule of team ${teamId} cannot be read`);
    return roster;
  }
}

function presentTeam(
  { id: team_id, name: team_name }: Team,
  roster: Roster,
  span: Span,
  escalation_policies: string[],
): z.input<typeof teamOnCall> {
  const { now, next } = nowAndNext(roster, span);
  const member = ({ memberId }: Shift) => ({ member_id: memberId, name: roster.members.get(memberId)!.name });
  const shownNext = next.map((shift) => ({ ...member(shift), since: new Date(shift.since).toISOString() }));
  return {
    team_id,
    team_name,
    now: now.map((shift) => ({
      ...member(shift),
      until: shift.until === span.until ? null : new Date(shift.until).toISOString(),
    })),
    next: shownNext.length > 0 ? shownNext : null,
    escalation_policies,
  };
}
