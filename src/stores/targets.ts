import type { Assignee } from '../domain/incident/incident.ts';
import type { Roster, Span } from '../domain/schedule/roster.ts';
import { membersOnCallAt } from '../on-call/resolve.ts';
import { createScheduleStore } from './schedules.ts';
import type { Sql } from './sql.ts';

/** Somebody whom a target stands for. */
export interface TargetMember {
  memberId: string;
  name: string;
  teamId: string;
}

/** Answers whom targets stand for at a moment (ISO 8601): each member once, in the order of the targets. */
export type TargetResolver = (targets: Assignee[], at: string) => TargetMember[];

/** What is deleted stands for nobody: neither a team or its schedule, nor a member. */
export interface TargetStore {
  /** Whom the targets stand for at the moment (ISO 8601): each member once, in the order of the targets. */
  membersOf(organisationId: string, targets: Assignee[], at: string): Promise<TargetMember[]>;
  /**
   * The same for any of these targets at any moment within the span, with everything read once. Throws
   * `ScheduleTooLong` when a schedule changed more often within it than can be read.
   */
  resolver(organisationId: string, targets: Assignee[], span: Span): Promise<TargetResolver>;
}

/** More edits or overrides lie within the span than are read at once; nearer to now, or shorter, there are fewer. */
export class ScheduleTooLong extends Error {
  override readonly name = 'ScheduleTooLong';
}

export function createTargetStore(sql: Sql): TargetStore {
  const schedules = createScheduleStore(sql);

  async function resolver(organisationId: string, targets: Assignee[], span: Span): Promise<TargetResolver> {
    const idsOf = (type: Assignee['type']) => {
      return [...new Set(targets.filter((target) => target.type === type).map(({ id }) => id.toLowerCase()))];
    };
    const [members, teams, onDuty] = [idsOf('member'), idsOf('team'), idsOf('schedule')];
    const [people, ...rosters] = await Promise.all([
      sql<TargetMember[]>`
        SELECT m.id AS member_id, m.name, m.team_id FROM members m
        JOIN teams t ON t.organisation_id = m.organisation_id AND t.id = m.team_id AND t.deleted_at IS NULL
        WHERE m.organisation_id = ${organisationId} AND m.deleted_at IS NULL
          AND (m.id = ANY(${members}::uuid[]) OR m.team_id = ANY(${[...teams, ...onDuty]}::uuid[]))
        ORDER BY m.id`,
      ...onDuty.map((teamId) => rosterOf(organisationId, teamId, span)),
    ]);
    const byId = new Map(people.map((person) => [person.memberId, person]));
    const byTeam = new Map<string, TargetMember[]>(teams.map((teamId) => [teamId, []]));
    for (const person of people) byTeam.get(person.teamId)?.push(person);
    const rosterById = new Map(onDuty.map((teamId, index) => [teamId, rosters[index]!]));

    const standFor = ({ type, id: given }: Assignee, at: number): (TargetMember | undefined)[] => {
      // Whoever writes a target by hand, as in a signal, may write its id in upper case.
      const id = given.toLowerCase();
      if (type === 'member') return [byId.get(id)];
      if (type === 'team') return byTeam.get(id)!;
      return membersOnCallAt(rosterById.get(id)!, at).map((memberId) => byId.get(memberId));
    };
    return (asked, at) => {
      const found = asked.flatMap((target) => standFor(target, Date.parse(at)));
      return [...new Set(found)].filter((person) => person !== undefined);
    };
  }

  async function rosterOf(organisationId: string, teamId: string, span: Span): Promise<Roster> {
    const roster = await schedules.roster(organisationId, teamId, span);
    if (roster === 'too_much') throw new ScheduleTooLong(`The schedule of team ${teamId} changed too often.`);
    return roster;
  }

  return {
    resolver,
    async membersOf(organisationId, targets, at) {
      const moment = Date.parse(at);
      return (await resolver(organisationId, targets, { since: moment, until: moment + 1 }))(targets, at);
    },
  };
}
